"""What footage proves of a lesson, by when it is awaited, and what an upload may weigh, as cases. R71, R72; domain.md 2.3.1."""

from datetime import date, datetime

from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.errors import DomainError
from storage.kernel.span import Span
from storage.uploads.rules import UploadRule, Usage, check_limits
from supervision.footage.rules import CoverageRule, classify_holes, decide_explanation_by, due_at, explainable_until
from tests.policy.cases import Case, cases, local

COUNTED_ONLY = {"join", "edge"}


def span(day: date, piece: list[str]) -> Span:
    start, end = (datetime.fromisoformat(f"{day} {time}").replace(tzinfo=BUREAU_ZONE) for time in piece)
    return Span(start, end)


@cases("coverage")
def test_coverage(case: Case) -> None:
    scheduled = span(case.on, case.facts["scheduled"])
    proven = [span(case.on, piece) for piece in case.facts["proven"]]
    holes = classify_holes(scheduled, proven, case.rule(CoverageRule))
    blamed_s = sum(hole.span.seconds for hole in holes if hole.kind not in COUNTED_ONLY)
    case.check(holes=[hole.kind for hole in holes], blamed_s=blamed_s)


@cases("upload_clocks")
def test_upload_clock(case: Case) -> None:
    rule = case.rule(CoverageRule)
    if "ends" in case.facts:
        due = due_at(local(case.facts["ends"]), rule)
        case.check(due=due, explainable_until=explainable_until(due, rule))
    else:
        case.check(decide_by=decide_explanation_by(local(case.facts["submitted"]), rule))


@cases("uploads")
def test_upload_limit(case: Case) -> None:
    facts = case.facts
    usage = Usage(facts["stored_bytes"], facts["in_flight_bytes"], facts["open"])
    refused = None
    try:
        check_limits(case.rule(UploadRule), usage, size_bytes=facts["size_bytes"], file_name="a.mp4")
    except DomainError as error:
        refused = error.code
    case.check(refused=refused)
