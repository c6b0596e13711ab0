"""The words of targets, standings and figures."""

from typing import Final

from api.locale.marks import N_
from api.pages.labels import Label

DUTIES: Final = {
    "trained-midyear": N_("Trained by 30 June: half the task"),
    "certified-midyear": N_("Certified by 30 June: half the task"),
    "trained": N_("Trained with a subsidy"),
    "certified": N_("Certified"),
    "skilled": N_("New skilled talents"),
    "high-skilled": N_("New high-skilled talents"),
    "skilled-share": N_("Skilled talents among the employed (per mille)"),
    "enterprise": N_("Enterprise employees: a third of the task"),
    "order-project": N_("Order and project training: a tenth of the rest"),
    "brand": N_("Trained for the local labour brand"),
    "payments": N_("Subsidies of the year paid (yuan)"),
}
PERSONS: Final = {
    "biweekly": N_("Biweekly progress report"),
    "entry": N_("Data entry by the year's dates"),
    "payments": N_("Entry of subsidies paid"),
    "targets": N_("Progress of the targets"),
}
ENTRIES: Final = {
    "class": N_("class opened"),
    "roster": N_("roster"),
    "results": N_("results of the course"),
    "payment": N_("payment"),
}
STANDINGS: Final = {
    "on-pace": Label(N_("on pace"), "ok"),
    "booked": Label(N_("only if all who are enrolled complete"), "attention"),
    "short": Label(N_("not enough yet"), "attention"),
    "unknown": Label(N_("not stated"), "neutral"),
    "met": Label(N_("met"), "ok"),
    "missed": Label(N_("not met in time"), "bad"),
}
STARTUPS: Final = {
    "open": Label(N_("still open"), "attention"),
    "met": Label(N_("met"), "ok"),
    "missed": Label(N_("not met in time"), "bad"),
}
REPORTS: Final = {
    "running": Label(N_("period not over"), "neutral"),
    "due": Label(N_("due"), "attention"),
    "late": Label(N_("overdue"), "bad"),
    "signed": Label(N_("signed in time"), "ok"),
    "signed-late": Label(N_("signed late"), "attention"),
    "not-owed": Label(N_("ended before the first use"), "neutral"),
}
FIGURES: Final = {
    "skilled": N_("new skilled talents of the year so far"),
    "high-skilled": N_("new high-skilled talents of the year so far"),
    "skilled-total": N_("skilled talents in all"),
    "employed-total": N_("employed persons in all"),
    "brand": N_("trained for the local labour brand this year so far"),
}
STATED: Final = frozenset({"skilled", "high-skilled", "skilled-share", "brand"})  # duties whose figure an officer enters
CATEGORY_OF: Final = {"enterprise": "enterprise", "order-project": "order"}
