"""Words of the visits' pages that stand for codes. Message ids."""

from typing import Final

from api.locale.marks import N_

GROUPS: Final = {
    "lesson": N_("The lesson"),
    "people": N_("The people"),
    "premises": N_("Teachers and equipment"),
    "cameras": N_("Video monitoring"),
    "safety": N_("Safety"),
    "records": N_("Records and advertising"),
}
ANSWERS: Final = {"yes": N_("Yes"), "no": N_("No"), "cannot-tell": N_("Cannot tell"), "not-applicable": N_("Not applicable")}
ANSWER_TONES: Final = {"yes": "ok", "no": "bad", "cannot-tell": "attention", "not-applicable": "neutral"}
PLACES: Final = {"given": N_("place given"), "refused": N_("place not shared"), "unavailable": N_("place not available")}
MOVES: Final = {
    "assign": N_("team drawn"),
    "open": N_("opened at the door"),
    "begin": N_("under way: two members are here"),
    "recuse": N_("a member stepped back, another was drawn"),
    "countersign": N_("signed by a member"),
    "sign": N_("signed by all members"),
    "close": N_("closed by the office"),
    "miss": N_("missed: the day ended without an opening"),
    "void": N_("declared void"),
}
