"""The word and the tone of every state a page shows. A tone is a colour and a shape: never colour alone (WCAG 1.4.1)."""

from dataclasses import dataclass
from typing import Final, Literal

from api.locale.marks import N_

Tone = Literal["ok", "attention", "bad", "neutral"]


@dataclass(frozen=True, slots=True)
class Label:
    """`word` is a message id."""

    word: str
    tone: Tone


# machine (`MACHINE` of the table) → state value → label
LABELS: Final[dict[str, dict[str, Label]]] = {
    "recording": {
        "uploading": Label(N_("uploading"), "neutral"),
        "received": Label(N_("received, waiting to be checked"), "neutral"),
        "quarantined": Label(N_("being checked"), "neutral"),
        "verified": Label(N_("verified"), "neutral"),
        "catalogued": Label(N_("catalogued"), "ok"),
        "retained": Label(N_("locked"), "ok"),
        "due": Label(N_("retention over"), "attention"),
        "destroyed": Label(N_("destroyed"), "neutral"),
        "rejected": Label(N_("refused"), "bad"),
        "abandoned": Label(N_("abandoned"), "neutral"),
        "integrity-alarm": Label(N_("integrity alarm"), "bad"),
    },
    "slot": {
        "announced": Label(N_("expected"), "neutral"),
        "covered": Label(N_("covered"), "ok"),
        "missing": Label(N_("missing"), "bad"),
        "explained-gap": Label(N_("gap explained"), "attention"),
        "cancelled": Label(N_("cancelled"), "neutral"),
    },
    "gap-explanation": {
        "submitted": Label(N_("waiting for the bureau"), "attention"),
        "accepted": Label(N_("accepted"), "ok"),
        "refused": Label(N_("refused"), "bad"),
        "withdrawn": Label(N_("withdrawn"), "neutral"),
    },
    "upload": {
        "open": Label(N_("incomplete"), "attention"),
        "received": Label(N_("sent"), "ok"),
        "aborted": Label(N_("abandoned"), "neutral"),
        "expired": Label(N_("expired"), "neutral"),
    },
    "draw-round": {
        "planned": Label(N_("planned"), "neutral"),
        "frame-frozen": Label(N_("list frozen"), "attention"),
        "seeded": Label(N_("seed made"), "attention"),
        "drawn": Label(N_("drawn"), "ok"),
        "closed": Label(N_("closed"), "ok"),
        "void": Label(N_("void"), "bad"),
    },
    "review-assignment": {
        "assigned": Label(N_("to be reviewed"), "attention"),
        "reviewing": Label(N_("under review"), "attention"),
        "judged-ok": Label(N_("nothing found"), "ok"),
        "judged-finding": Label(N_("finding recorded"), "bad"),
        "recused": Label(N_("recused"), "neutral"),
        "void": Label(N_("void"), "neutral"),
    },
    "review-mark": {
        "open": Label(N_("open mark"), "attention"),
        "recorded": Label(N_("recorded as a finding"), "bad"),
        "dropped": Label(N_("dropped"), "neutral"),
    },
    "footage-release": {
        "requested": Label(N_("to be decided"), "attention"),
        "approved": Label(N_("open to the one who asked"), "attention"),
        "refused": Label(N_("refused"), "bad"),
        "lapsed": Label(N_("lapsed: not decided in time"), "neutral"),
        "ended": Label(N_("ended, copy deleted"), "neutral"),
    },
    "destruction": {
        "proposed": Label(N_("waits for another person"), "attention"),
        "approved": Label(N_("approved, waits for the job"), "attention"),
        "destroying": Label(N_("being deleted"), "attention"),
        "destroyed": Label(N_("destroyed"), "neutral"),
        "declined": Label(N_("declined"), "neutral"),
        "withdrawn": Label(N_("withdrawn"), "neutral"),
        "stopped": Label(N_("stopped: something speaks against it"), "bad"),
    },
    "progress-report": {
        "prepared": Label(N_("waits for a signature"), "attention"),
        "signed": Label(N_("signed"), "ok"),
        "returned": Label(N_("sent back"), "neutral"),
    },
    "approval": {
        "draft": Label(N_("draft"), "neutral"),
        "submitted": Label(N_("submitted"), "attention"),
        "assigned": Label(N_("accepted, to be looked at"), "attention"),
        "site-visit": Label(N_("site visited"), "attention"),
        "assessed": Label(N_("assessed, to be decided"), "attention"),
        "approved": Label(N_("approved, not yet begun"), "ok"),
        "conditional": Label(N_("approved, conditions open"), "attention"),
        "refused": Label(N_("not approved"), "bad"),
        "active": Label(N_("in force"), "ok"),
        "expired": Label(N_("expired"), "neutral"),
        "suspended": Label(N_("suspended"), "bad"),
        "revoked": Label(N_("approval revoked"), "bad"),
        "withdrawn": Label(N_("withdrawn"), "neutral"),
    },
    "late-request": {
        "proposed": Label(N_("to be looked at"), "attention"),
        "taken-up": Label(N_("taken up"), "bad"),
        "dismissed": Label(N_("nothing follows"), "neutral"),
    },
    "visit": {
        "sealed": Label(N_("to be visited"), "attention"),
        "opened": Label(N_("opened"), "attention"),
        "under-way": Label(N_("under way"), "attention"),
        "signed": Label(N_("signed by all"), "ok"),
        "closed": Label(N_("closed"), "ok"),
        "missed": Label(N_("missed"), "bad"),
        "void": Label(N_("void"), "neutral"),
    },
    "review-outcome": {
        "looking": Label(N_("being looked at"), "attention"),
        "waiting": Label(N_("waits: no eligible inspector"), "bad"),
        "decided-ok": Label(N_("nothing found"), "ok"),
        "decided-finding": Label(N_("finding established"), "bad"),
        "void": Label(N_("void"), "neutral"),
    },
    "interest-match": {
        "possible": Label(N_("possible match, to be decided"), "attention"),
        "confirmed": Label(N_("recusal in force"), "bad"),
        "dismissed": Label(N_("dismissed"), "neutral"),
    },
    "rating": {
        "open": Label(N_("begun"), "neutral"),
        "collecting": Label(N_("being collected"), "neutral"),
        "frozen": Label(N_("inputs frozen"), "neutral"),
        "scored": Label(N_("scored, to be checked"), "attention"),
        "preliminary": Label(N_("preliminary"), "attention"),
        "noticed": Label(N_("notice served, objection possible"), "attention"),
        "objection": Label(N_("objection raised"), "attention"),
        "uncontested": Label(N_("no objection, to be decided"), "attention"),
        "answered": Label(N_("objection answered"), "attention"),
        "final": Label(N_("in force"), "ok"),
        "published": Label(N_("in force and published"), "ok"),
        "superseded": Label(N_("superseded"), "neutral"),
        "void": Label(N_("void"), "neutral"),
    },
    "credit-item": {
        "recorded": Label(N_("to be classified"), "attention"),
        "classified": Label(N_("letter served, statement possible"), "attention"),
        "kept": Label(N_("in force, not published"), "bad"),
        "published": Label(N_("in force and published"), "bad"),
        "uncontested": Label(N_("no statement, to be decided"), "attention"),
        "repair-applied": Label(N_("repair applied for"), "attention"),
        "accepted": Label(N_("repair being verified"), "attention"),
        "repaired": Label(N_("repaired"), "ok"),
        "auto-expired": Label(N_("expired"), "neutral"),
        "void": Label(N_("void"), "neutral"),
    },
    "employment-evidence": {
        "filed": Label(N_("to be verified"), "attention"),
        "verified": Label(N_("verified by the bureau"), "ok"),
        "rejected": Label(N_("rejected"), "bad"),
    },
    "subsidy-certificate": {
        "open": Label(N_("not issued"), "neutral"),
        "complete": Label(N_("complete"), "ok"),
        "incomplete": Label(N_("incomplete"), "attention"),
        "waived": Label(N_("classified unit"), "neutral"),
        "cited-in-claim": Label(N_("cited in a claim"), "ok"),
    },
    "subsidy-claim": {
        "submitted": Label(N_("to be checked"), "attention"),
        "checked": Label(N_("checked, to be decided"), "attention"),
        "approved": Label(N_("approved, to be paid"), "attention"),
        "refused": Label(N_("refused"), "bad"),
        "withdrawn": Label(N_("withdrawn"), "neutral"),
        "paid": Label(N_("paid"), "ok"),
    },
    "finding": {
        "recorded": Label(N_("waits for a second look"), "attention"),
        "disputed": Label(N_("disputed"), "attention"),
        "confirmed": Label(N_("confirmed"), "bad"),
        "rejected": Label(N_("rejected"), "neutral"),
        "noticed": Label(N_("notice served"), "bad"),
        "replied": Label(N_("answered"), "attention"),
        "objected": Label(N_("objection raised"), "attention"),
        "withdrawn": Label(N_("withdrawn"), "neutral"),
        "rectifying": Label(N_("being rectified"), "attention"),
        "verified-rectified": Label(N_("rectification verified"), "ok"),
        "closed": Label(N_("closed"), "ok"),
        "under-review": Label(N_("under review"), "attention"),
        "published": Label(N_("published"), "ok"),
        "escalated": Label(N_("became an exit case"), "bad"),
        "void": Label(N_("void"), "neutral"),
    },
    "exit-case": {
        "detected": Label(N_("ground found"), "attention"),
        "evidence-frozen": Label(N_("evidence frozen"), "attention"),
        "legal-review": Label(N_("under legal review"), "attention"),
        "legally-cleared": Label(N_("legally cleared"), "attention"),
        "notice-served": Label(N_("notice served"), "bad"),
        "stated": Label(N_("statement received"), "attention"),
        "hearing-requested": Label(N_("hearing asked for"), "attention"),
        "hearing-called": Label(N_("hearing called"), "attention"),
        "heard": Label(N_("heard"), "attention"),
        "rechecked": Label(N_("rechecked"), "attention"),
        "proposed": Label(N_("waits for the leader"), "attention"),
        "decided": Label(N_("decided, not served"), "attention"),
        "served": Label(N_("served"), "attention"),
        "correcting": Label(N_("being corrected"), "attention"),
        "in-force": Label(N_("in force"), "bad"),
        "published": Label(N_("in force, published"), "bad"),
        "term-ended": Label(N_("term over, not readmitted"), "attention"),
        "readmission-applied": Label(N_("readmission applied for"), "attention"),
        "assessed": Label(N_("readmission assessed"), "attention"),
        "readmitted": Label(N_("readmitted"), "ok"),
        "readmission-refused": Label(N_("readmission refused"), "bad"),
        "closed": Label(N_("closed"), "ok"),
        "revoked": Label(N_("revoked, restored"), "ok"),
        "withdrawn-error": Label(N_("withdrawn"), "neutral"),
    },
    "exit-challenge": {
        "pending": Label(N_("pending"), "attention"),
        "upheld": Label(N_("decision upheld"), "neutral"),
        "changed": Label(N_("decision changed"), "attention"),
        "revoked": Label(N_("decision revoked"), "ok"),
        "ended": Label(N_("ended without a ruling"), "neutral"),
    },
}


def state_label(machine: str, state: str) -> Label:
    """Raises: KeyError — a state without a word; a test walks every lifecycle so that none gets this far."""
    return LABELS[machine][state]
