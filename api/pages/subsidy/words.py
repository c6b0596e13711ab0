"""The codes of gates, reasons, papers and checks in words (message ids)."""

from typing import Final

from api.locale.marks import N_

GATES: Final = {
    "real-name": N_("real-name entry"),
    "signs": N_("sign-in and sign-out"),
    "coverage": N_("footage"),
    "place": N_("approved place"),
    "duration": N_("approved days"),
    "archive": N_("archive"),
    "curriculum": N_("basic curriculum"),
}
WHY: Final = {
    "universal-day": N_("universal rate"),
    "order-first-day": N_("first rate of order training"),
    "order-later-day": N_("later rate of order training"),
    "cap-reached": N_("the cap is reached"),
    "enterprise-person": N_("enterprise training, once for each person"),
    "too-few-days": N_("too few payable days"),
    "counted": N_("payable day"),
    "no-tariff": N_("no rate is laid down"),
    "not-entered": N_("nobody is entered by name"),
    "not-signed-in": N_("not signed in"),
    "not-signed-out": N_("not signed out"),
    "attended-too-little": N_("attended too little"),
    "not-on-tape": N_("too little is on tape"),
    "attended-off-tape": N_("attended while nothing was on tape"),
    "place-not-approved": N_("place not approved"),
    "outside-the-approved-days": N_("outside the approved days"),
    "archive-incomplete": N_("archive incomplete"),
    "curriculum-incomplete": N_("basic curriculum incomplete"),
    "not-held-yet": N_("not held yet"),
    "not-completed": N_("has not completed"),
    "paid-in-another-class": N_("is paid for in another class"),
    "no-lessons": N_("no lesson was held"),
}
ARCHIVE: Final = {
    "application": N_("application to open the class"),
    "roster": N_("roster"),
    "timetable": N_("timetable"),
    "signs": N_("sign-in sheets"),
    "assessment": N_("assessment results"),
    "completion": N_("list of completions"),
    "employment": N_("employment ledger"),
    "satisfaction": N_("satisfaction survey"),
    "other": N_("other paper"),
}
TARIFFS: Final = {"enterprise": N_("enterprise"), "order": N_("order and project"), "universal": N_("universal"), "none": N_("none")}
CHECKS: Final = {
    "enterprise-share": N_("Enterprise training: at least a third of the task"),
    "order-share": N_("Order and project training: at least a tenth of the rest"),
    "universal-not-all-at-cap": N_("Universal classes: not all at the cap"),
}
STEPS: Final = {
    "unclaimed": N_("not claimed yet"),
    "submitted": N_("to be checked"),
    "checked": N_("to be decided"),
    "approved": N_("to be paid"),
    "paid": N_("paid"),
}
STANDINGS: Final = {
    "done": ("ok", N_("done")),
    "open": ("neutral", N_("in time")),
    "soon": ("attention", N_("ends soon")),
    "late": ("bad", N_("overdue")),
}
PAYEES: Final = {"institution": N_("institution"), "enterprise": N_("enterprise"), "person": N_("person")}
MOVES: Final = {
    "open": N_("certificate opened"),
    "complete": N_("certificate issued: complete"),
    "fall-short": N_("certificate issued: incomplete"),
    "waive": N_("issued for a classified unit"),
    "cite": N_("cited in a claim"),
    "release": N_("claim ended without payment"),
    "submit": N_("claimed"),
    "check": N_("checked"),
    "approve": N_("approved"),
    "refuse": N_("refused"),
    "withdraw": N_("withdrawn"),
    "pay": N_("paid in full"),
}
