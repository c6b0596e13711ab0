"""Use-cases of information items: record, classify, publish, expire. Their repair is in `repair`. R64, R65, R67; domain.md 2.1, 2.3.4."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.papers import service as casepapers
from compliance.papers.models import CasePaper
from compliance.rating import letters, papers, queries, service, terms
from compliance.rating.errors import BasisNotFinal, MalformedRating
from compliance.rating.item_lifecycle import IN_FORCE, ITEM_MOVES, ItemEvent, ItemState
from compliance.rating.models import CreditItem, Ground
from compliance.rating.ruleset import Ruleset
from compliance.rating.terms import ItemClass, ItemRule, Terms
from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.ledger import history
from supervision.findings import queries as findings_q
from supervision.findings.attachments import Given
from supervision.findings.clocks import deadline
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding, FindingPaper, PaperKind
from supervision.findings.rules import DEFECTS, DefectCode
from supervision.institutions.models import Institution

FINAL_FINDINGS: Final = (FindingState.CLOSED, FindingState.PUBLISHED)
GROUNDS: Final = {Ground.FINDING: "监督检查问题", Ground.FORGED_FOOTAGE: "伪造录像", Ground.AUDIT: "审计检查问题", Ground.DECISION: "其他决定"}
_BATCH: Final = 200


def record_finding(session: Session, finding_code: str, *, actor: Actor, clock: Clock) -> CreditItem:
    """Record what a closed finding says; its closing letter is the document. Raises: FindingNotFound, BasisNotFinal."""
    found = findings_q.finding(session, finding_code)
    closing = session.scalars(
        select(FindingPaper).where(FindingPaper.finding_id == found.id, FindingPaper.kind == PaperKind.CLOSING).order_by(FindingPaper.at)
    ).first()
    if found.state not in FINAL_FINDINGS or closing is None:
        raise BasisNotFinal(basis=found.code, state=found.state.value)
    return _record(
        session,
        found.institution_id,
        ground=Ground.FINDING,
        finding=found,
        document=closing.number,
        decided_on=local_date(closing.at),
        summary=DEFECTS[found.defect].zh,
        safety=found.defect is DefectCode.FIRE_FOOD_BUILDING,
        repairable=True,
        actor=actor,
        clock=clock,
    )


def record_decision(
    session: Session,
    owner: Institution,
    *,
    ground: Ground,
    document: str,
    decided_on: date,
    summary: str,
    safety: bool = False,
    repairable: bool = True,
    actor: Actor,
    clock: Clock,
) -> CreditItem:
    """Record what a decision with its document says. Raises: MalformedRating, BasisNotFinal — no decision, or one of tomorrow."""
    if ground is Ground.FINDING:
        raise BasisNotFinal(basis=document, state="-")
    if decided_on > clock.today_on():
        raise MalformedRating(errors=[{"where": "decided_on", "code": "out-of-range", "value": decided_on.isoformat()}])
    return _record(
        session,
        owner.id,
        ground=ground,
        finding=None,
        document=papers.demand_text("document", document),
        decided_on=decided_on,
        summary=papers.demand_text("summary", summary),
        safety=safety,
        repairable=repairable,
        actor=actor,
        clock=clock,
    )


def classify(
    session: Session, code: str, *, kind: ItemClass, necessary: str = "", rules: Ruleset, actor: Actor, clock: Clock, name: str = ""
) -> CasePaper:
    """轻微 / 一般 / 严重, by a named person who did not record it; the letter goes out with its repair page.

    Raises: ItemNotFound, ForbiddenMove (`same-person`).
    """
    at = clock.now_at()
    row = queries.item(session, code, lock=True)
    held = terms.terms(kind, row.decided_on, rules.items, safety=row.safety)
    until = deadline(at, rules.items.item_objection_working_days)
    published = terms.is_published(kind, rules.items, necessary=bool(necessary.strip()))
    content = letters.item_letter(
        papers.addressee(session, row),
        row.code,
        _facts(row),
        kind,
        held,
        at=at,
        signer=papers.signer(actor, name),
        until=until,
        days=rules.items.item_objection_working_days,
        published=published,
    )
    seen_by = [str(row.recorded_by_id)]
    paper = papers.issue(session, row, content, actor=actor, at=at)
    row.item_class, row.necessary, row.rule_set = kind, necessary.strip(), held.rule_set
    row.repairable_on, row.ends_on, row.state_until, row.letter_paper_id = held.repairable_on, held.ends_on, until, paper.id
    row.classified_by_id, row.classified_by = actor.id, name or actor.name
    facts = {
        **decider(actor, seen_by),
        "facts_stated": bool(content["facts"]),
        "basis_stated": bool(content["basis"]),
        "rights_stated": bool(content["rights"]),
        "repair_stated": bool(content["repair"]),
        "signed": actor.id is not None,
        "class": kind,
        "rule_set": held.rule_set,
        "repairable_on": held.repairable_on,
        "ends_on": held.ends_on,
        **casepapers.cited(paper),
    }
    history.move(session, row, ITEM_MOVES, ItemEvent.CLASSIFY, actor=actor, at=at, reason=necessary.strip(), facts=facts)
    return paper


def state_case(
    session: Session,
    code: str,
    *,
    points: Sequence[str],
    files: Sequence[Given] = (),
    institution_id: UUID,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> CasePaper:
    """陈述申辩 before it takes effect, within the days of the letter. Raises: ItemNotFound, MalformedRating."""
    at = clock.now_at()
    row = queries.item(session, code, institution_id=institution_id, lock=True)
    if row.state is not ItemState.CLASSIFIED or row.state_until is None or at >= row.state_until:
        raise MalformedRating(errors=[{"where": "state", "code": "not-now", "value": row.state.value}])
    return papers.take_points(session, row, "item-statement", points, files, actor=actor, at=at, name=name)


def waive_statement(session: Session, code: str, *, declared: bool, institution_id: UUID, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """放弃陈述申辩: the head, and nobody else, declares over their name that no statement will be made; the decision may follow at once. It binds.

    Raises: ItemNotFound, ForbiddenMove (`not-the-head`, `deadline-over`, `statement-given`, `statement-missing` — nothing declared).
    """
    at = clock.now_at()
    row = queries.item(session, code, institution_id=institution_id, lock=True)
    said = casepapers.last(session, row.id, "item-statement")
    content = letters.statement(row.code, at=at, author=papers.signer(actor, name), text=letters.ITEM_WAIVER)
    paper = casepapers.take(session, row, "item-waiver", content, actor=actor, at=at)
    facts = {
        "by_head": actor.role == service.HEAD,
        "within_deadline": row.state_until is not None and at < row.state_until,
        "nothing_stated": said is None,
        "statement_given": declared and actor.id is not None,
        **casepapers.cited(paper),
    }
    row.waived_at, row.waiver_paper_id = at, paper.id
    history.move(session, row, ITEM_MOVES, ItemEvent.WAIVE, actor=actor, at=at, facts=facts)
    return paper


def decide(session: Session, code: str, *, answers: Sequence[str] = (), rules: Ruleset, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """认定决定: after the days or the declaration, every point answered, signed by a leader who neither recorded nor classified it.

    Published, or kept unpublished.

    Raises: ItemNotFound, MalformedRating, ForbiddenMove (`objection-time-open`, `objection-unanswered`, `same-person`, `publication-over`).
    """
    at = clock.now_at()
    row = queries.item(session, code, lock=True)
    held, kind = held_terms(row, rules.items), row.item_class or ItemClass.MINOR
    pairs = papers.paired(session, row, "item-statement", answers)
    public = terms.is_published(kind, rules.items, necessary=bool(row.necessary))
    said = f"认定为{letters.CLASSES[kind]}信用信息，" + (
        f"向社会公示至{letters.day_before(held.ends_on)}。" if public else f"不予公示，保留至{letters.day_before(held.ends_on)}。"
    )
    content = letters.item_act(
        "item-decision",
        papers.addressee(session, row),
        row.code,
        at=at,
        signer=papers.signer(actor, name),
        opening=f"贵单位{row.summary}一事（{row.document}），经告知和陈述申辩程序，现决定如下。",
        paragraphs=[said],
        held=held,
        adverse=True,
        points=pairs,
    )
    facts = {
        **decider(actor, [str(row.recorded_by_id), str(row.classified_by_id)]),
        "statement_time_over": row.waived_at is not None or (row.state_until is not None and at >= row.state_until),
        "statement_answered": papers.all_answered(pairs),
        "may_be_published": public,
        "not_over": not terms.is_over(local_date(at), held),
    }
    paper = papers.issue(session, row, content, actor=actor, at=at)
    row.decided_at, row.decided_by_id, row.decided_by = at, actor.id, name or actor.name
    event = ItemEvent.PUBLISH if public else ItemEvent.KEEP
    history.move(session, row, ITEM_MOVES, event, actor=actor, at=at, facts=facts | casepapers.cited(paper))
    switch(session, row, public=public, restricting=True)
    return paper


def declare_void(session: Session, code: str, *, reason: str, rules: Ruleset, actor: Actor, clock: Clock, name: str = "") -> CreditItem:
    """An item that should not exist: it stays on record, and counts for nothing. Raises: ItemNotFound, ForbiddenMove (`reason-needed`)."""
    row = queries.item(session, code, lock=True)
    told = reason.strip()
    switch(session, row, public=False, restricting=False)
    history.move(session, row, ITEM_MOVES, ItemEvent.VOID, actor=actor, at=clock.now_at(), reason=told, facts={"reason": told})
    service.recompute_without(session, row, effects=rules.effects, actor=actor, clock=clock, name=name)
    return row


def expire_due(session: Session, *, rules: Ruleset, actor: Actor, clock: Clock, after: UUID | None = None) -> tuple[int, UUID | None]:
    """End items whose longest time is over, at most a batch; how many, and where to go on (None: all were looked at). R65."""
    wanted = select(CreditItem).where(CreditItem.state.in_(IN_FORCE))
    if after is not None:
        wanted = wanted.where(CreditItem.id > after)
    rows = session.scalars(wanted.order_by(CreditItem.id).limit(_BATCH).with_for_update(skip_locked=True)).all()
    today, ended = clock.today_on(), 0
    for row in rows:
        held = held_terms(row, rules.items)
        if terms.is_over(today, held):
            switch(session, row, public=False, restricting=False)
            facts = {"over": True, "ends_on": held.ends_on, "rule_set": held.rule_set}
            history.move(session, row, ITEM_MOVES, ItemEvent.EXPIRE, actor=actor, at=clock.now_at(), facts=facts)
            service.recompute_without(session, row, effects=rules.effects, actor=actor, clock=clock)
            ended += 1
    return ended, rows[-1].id if len(rows) == _BATCH else None


def held_terms(row: CreditItem, rule: ItemRule) -> Terms:
    """The terms of the day of classification, as far as those of today are not milder."""
    if row.item_class is None:
        raise MalformedRating(errors=[{"where": "class", "code": "missing", "value": row.code}])
    now = terms.terms(row.item_class, row.decided_on, rule, safety=row.safety)
    if row.repairable_on is None or row.ends_on is None:
        return now
    return terms.milder(Terms(row.rule_set, row.repairable_on, row.ends_on), now)


def _record(
    session: Session,
    institution_id: UUID,
    *,
    ground: Ground,
    finding: Finding | None,
    document: str,
    decided_on: date,
    summary: str,
    safety: bool,
    repairable: bool,
    actor: Actor,
    clock: Clock,
) -> CreditItem:
    assert actor.id is not None  # noqa: S101 — every route names a person
    row = CreditItem(
        code=next_in_series(session, CreditItem.code, f"K{clock.today_on().year}-"),
        institution_id=institution_id,
        ground=ground,
        finding_id=finding.id if finding else None,
        document=document,
        decided_on=decided_on,
        summary=summary,
        safety=safety,
        repairable=repairable,
        state=ItemState.RECORDED,
        recorded_at=clock.now_at(),
        recorded_by_id=actor.id,
        recorded_by=actor.name,
    )
    facts = {"code": row.code, "ground": ground, "document": document, "finding": finding.code if finding else ""}
    history.begin(session, row, actor=actor, at=clock.now_at(), event="record", reason=summary, clause="R64", facts=facts)
    return row


def switch(session: Session, row: CreditItem, *, public: bool, restricting: bool) -> None:
    """Publication, sharing and restriction together."""
    row.publication_on = row.sharing_on = public
    row.restriction_on = restricting
    session.flush()


def decider(actor: Actor, seen_by: Sequence[str]) -> dict[str, object]:
    """Who acts, and who took part before: what the guards of the machine ask for."""
    return {"decided_by": str(actor.id) if actor.id else "", "seen_by": sorted(set(seen_by))}


def _facts(row: CreditItem) -> list[tuple[str, str]]:
    return [("事由", f"{GROUNDS[row.ground]}：{row.summary}"), ("依据文书", row.document), ("文书日期", row.decided_on.isoformat())]
