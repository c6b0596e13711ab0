"""The state in a refusal, as the pages call it: nobody at a counter reads `site-visit` or `evidence-frozen`. UI.md, Errors."""

from collections.abc import Mapping
from typing import Any, Final

from api.locale.language import Language, translations
from api.pages.labels import LABELS

# class of the states → machine of its labels; a machine that no page shows (jobs, clips) has none
MACHINES: Final[Mapping[str, str]] = {
    "ApprovalState": "approval",
    "AssignmentState": "review-assignment",
    "CertificateState": "subsidy-certificate",
    "ChallengeState": "exit-challenge",
    "ClaimState": "subsidy-claim",
    "DestructionState": "destruction",
    "DrawState": "draw-round",
    "EvidenceState": "employment-evidence",
    "ExitState": "exit-case",
    "ExplanationState": "gap-explanation",
    "FindingState": "finding",
    "ItemState": "credit-item",
    "LateState": "late-request",
    "MarkState": "review-mark",
    "MatchState": "interest-match",
    "OutcomeState": "review-outcome",
    "RatingState": "rating",
    "RecordingState": "recording",
    "ReleaseState": "footage-release",
    "ReportState": "progress-report",
    "SlotState": "slot",
    "UploadState": "upload",
    "VisitState": "visit",
}
# refusal → machine of the state it names; `forbidden-move` says itself which
OF_CODE: Final[Mapping[str, str]] = {
    "approval-not-a-draft": "approval",
    "credit-item-basis-not-final": "finding",
    "destruction-pending": "destruction",
    "draw-frame-not-committed": "draw-round",
    "draw-not-drawn": "draw-round",
    "finding-footage-not-catalogued": "recording",
    "recording-not-verified": "recording",
    "subsidy-not-payable": "subsidy-claim",
    "upload-closed": "upload",
    "visit-not-open": "visit",
}


def state_word(code: str, facts: Mapping[str, Any], language: Language) -> str:  # Any: facts are only formatted
    """The word of `facts["state"]`; the code of the state when no page shows it."""
    machine = str(facts.get("machine", OF_CODE.get(code, "")))
    label = LABELS.get(MACHINES.get(machine, machine), {}).get(str(getattr(facts["state"], "value", facts["state"])))
    return translations(language).gettext(label.word) if label else str(facts["state"])
