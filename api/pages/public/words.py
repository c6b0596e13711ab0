"""Plain words for what the public reads: standings, tiers, reasons. R49, R67; G23."""

from typing import Final

from api.locale.marks import N_
from api.pages.labels import Label

STANDINGS: Final = {
    "active": Label(N_("in the directory"), "ok"),
    "suspended": Label(N_("suspended"), "attention"),
    "excluded": Label(N_("excluded"), "bad"),
}
MEANINGS: Final = {
    "active": N_("May be given subsidised training."),
    "suspended": N_("Gets no new subsidised training for the time being."),
    "excluded": N_("May not undertake subsidised training; you would not be trained here at public expense."),
}
TIERS: Final = {
    "A": N_("Tier A: keeps the rules; inspected least often."),
    "B": N_("Tier B: keeps the rules with small defects."),
    "C": N_("Tier C: defects that matter; inspected more often."),
    "D": N_("Tier D: serious defects; inspected most often and restricted."),
}
BARS: Final = {"excluded": N_("excluded from the directory"), "restricted": N_("no new agreements or larger tasks")}
ENDED: Final = {"reversed": N_("revoked: it never counted"), "term-over": N_("ended with its term"), "readmitted": N_("readmitted")}
REASONS: Final = {
    "findings-serious": N_("%(value)s serious findings published"),
    "findings-general": N_("%(value)s findings of ordinary weight published"),
    "findings-minor": N_("%(value)s minor findings published"),
}
