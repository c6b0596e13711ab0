"""How much is drawn and what that promises, what a reviewer must watch, who learns of a visit when, who sees an original, as cases.

R54, R55, R60, R66; Q4; domain.md 2.3.2.
"""

from supervision.releases.rules import ReleaseRule, defects, lapses_at, open_until
from supervision.sampling.draw import SamplingRule, bad_count, bound, detection_permille, sample_size
from supervision.sampling.strata import LessonFacts, RiskWeights, StratifyBy, stratum_of
from supervision.spotchecks.rules import ReviewClock, ReviewRule, required_watch_s, review_due
from supervision.visits.rules import VisitRule, day_ends_at, visible_from
from tests.policy.cases import Case, cases, local


@cases("sampling")
def test_sample_size(case: Case) -> None:
    rule, lessons = case.rule(SamplingRule), case.facts["lessons"]
    size = sample_size(lessons, rule)
    facts = LessonFacts(tier=case.facts.get("tier", ""), category="", department="", flagged=case.facts.get("flagged", False))
    _, weight = stratum_of(facts, (StratifyBy.TIER, StratifyBy.FLAGS), case.rule(RiskWeights))
    chance = detection_permille(lessons, size, bad_count(lessons, rule.detection_bad_permille)) if lessons else 0
    case.check(size=size, weight_permille=weight, chance_permille=chance)


@cases("sampling_bound")
def test_what_a_sample_says(case: Case) -> None:
    facts = case.facts
    limit = bound(facts["lessons"], facts["sampled"], facts["confidence_permille"])
    chance = detection_permille(facts["lessons"], facts["sampled"], facts.get("bad", 0))
    case.check(bad=limit.bad, permille=limit.permille, chance_permille=chance, reaches=chance >= facts["confidence_permille"])


@cases("reviews")
def test_review(case: Case) -> None:
    outcome: dict[str, object] = {}
    if "drawn_s" in case.facts:
        outcome["watch_s"] = required_watch_s(case.facts["drawn_s"] * 1000, case.rule(ReviewRule).watch_permille)
    if "given" in case.facts:
        outcome["due"] = review_due(case.facts["given"], case.rule(ReviewClock))
    case.check(**outcome)


@cases("visits")
def test_visit(case: Case) -> None:
    rule, starts = case.rule(VisitRule), local(case.facts["starts"])
    case.check(visible=visible_from(starts, rule), missed=day_ends_at(starts.date()), team=rule.team_size)


@cases("releases")
def test_release(case: Case) -> None:
    rule, facts = case.rule(ReleaseRule), case.facts
    outcome: dict[str, object] = {}
    if "ask_s" in facts:
        (start, end), (item_start, item_end) = ((a * 1000, b * 1000) for a, b in (facts["ask_s"], facts["item_s"]))
        found = defects(start, end, item_start_ms=item_start, item_end_ms=item_end, reason="因" * facts["reason_chars"], rule=rule)
        outcome["defects"] = [one["code"] for one in found]
    else:
        outcome |= {"lapses": lapses_at(local(facts["asked"]), rule), "open_until": open_until(local(facts["approved"]), rule)}
    case.check(**outcome)
