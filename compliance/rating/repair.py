"""Credit repair (信用修复) of an information item: applied for, accepted or returned, verified by somebody else, revoked. R65; domain.md 2.1, 2.3.4.

Repair stops publication, sharing and restriction and recomputes the rating in one transaction, or nothing of it happens.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from compliance.papers import service as casepapers
from compliance.papers.models import CasePaper
from compliance.rating import letters, papers, queries, service, terms
from compliance.rating.item_lifecycle import ITEM_MOVES, ItemEvent
from compliance.rating.items import decider, held_terms, switch
from compliance.rating.models import CreditItem
from compliance.rating.ruleset import Ruleset
from compliance.rating.terms import ItemClass, ItemRule
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.ledger import history
from supervision.findings.attachments import Given
from supervision.institutions.models import Institution


def apply_for_repair(
    session: Session,
    code: str,
    *,
    said: str,
    promise: bool,
    files: Sequence[Given],
    rules: Ruleset,
    institution_id: UUID,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> CasePaper:
    """信用修复申请 with the promise (信用承诺) and evidence, once the minimum is reached.

    Raises: ItemNotFound, MalformedRating, MalformedStatement, ForbiddenMove (`publication-minimum-open`, `evidence-missing`, …).
    """
    at = clock.now_at()
    row = queries.item(session, code, institution_id=institution_id, lock=True)
    text = papers.demand_text("said", said)
    facts = {
        "repairable": row.repairable,
        "minimum_reached": terms.may_apply(local_date(at), held_terms(row, rules.items)),
        "promise_given": promise,
        "evidence_given": bool(files),
        "rule_set": rules.items.item_rule_set,
    }
    content = letters.statement(row.code, at=at, author=papers.signer(actor, name), text=text, promise=promise)
    paper = casepapers.take(session, row, "repair-application", content, files, actor=actor, at=at)
    history.move(session, row, ITEM_MOVES, ItemEvent.APPLY, actor=actor, at=at, facts=facts | casepapers.cited(paper))
    return paper


def accept_application(session: Session, code: str, *, rules: Ruleset, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """受理: the application is complete; somebody else verifies it. Raises: ItemNotFound, ForbiddenMove."""
    row = queries.item(session, code, lock=True)
    if (row.state, ItemEvent.ACCEPT) in ITEM_MOVES:  # else the judge refuses, and what stands in the row stays
        row.accepted_by_id = actor.id
    said = f"贵单位的信用修复申请材料齐全，予以受理，自受理之日起{rules.items.item_verification_working_days}个工作日内核实并作出决定。"
    return _act(session, row, ItemEvent.ACCEPT, "repair-acceptance", said, {}, rules.items, actor=actor, clock=clock, name=name)


def return_application(session: Session, code: str, *, reason: str, rules: Ruleset, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """退回补正: says what is missing. Raises: ItemNotFound, ForbiddenMove (`reason-needed`)."""
    row = queries.item(session, code, lock=True)
    event = ItemEvent.RETURN if row.publication_on else ItemEvent.RETURN_KEPT
    said = f"申请材料不齐全或者不符合要求：{reason.strip()}。补齐后可以重新申请。"
    return _act(session, row, event, "repair-return", said, {"reason": reason.strip()}, rules.items, actor=actor, clock=clock, name=name)


def verify_repair(session: Session, code: str, *, how: str, rules: Ruleset, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """准予修复: publication, sharing and restriction stop and the rating is computed anew, all in this transaction.

    Raises: ItemNotFound, ForbiddenMove (`same-person`, `reason-needed`).
    """
    row = queries.item(session, code, lock=True)
    if (row.state, ItemEvent.VERIFY) in ITEM_MOVES:
        row.verified_by_id = actor.id
        switch(session, row, public=False, restricting=False)
    facts = {
        **decider(actor, [str(row.accepted_by_id)]),
        "publication_stopped": not row.publication_on,
        "sharing_stopped": not row.sharing_on,
        "reason": how.strip(),
    }
    said = f"核实情况：{how.strip()}。准予修复，自本决定之日起停止公示、停止共享和使用、解除相应限制，并重新计算信用等级。"
    paper = _act(session, row, ItemEvent.VERIFY, "repair-decision", said, facts, rules.items, actor=actor, clock=clock, name=name)
    service.recompute_without(session, row, effects=rules.effects, actor=actor, clock=clock, name=name)
    return paper


def refuse_repair(session: Session, code: str, *, reason: str, rules: Ruleset, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """不予修复, with the reason and the remedy, by somebody who did not accept it. Raises: ItemNotFound, ForbiddenMove."""
    row = queries.item(session, code, lock=True)
    event = ItemEvent.REFUSE if row.publication_on else ItemEvent.REFUSE_KEPT
    facts = {**decider(actor, [str(row.accepted_by_id)]), "reason": reason.strip()}
    said = f"经核实，不予修复。理由：{reason.strip()}。改正后可以再次申请。"
    return _act(session, row, event, "repair-refusal", said, facts, rules.items, actor=actor, clock=clock, name=name, adverse=True)


def revoke_repair(
    session: Session, code: str, *, reason: str, public: bool = True, rules: Ruleset, actor: Actor, clock: Clock, name: str = ""
) -> CasePaper:
    """撤销修复 because its material was false: publication and restriction resume for the rest of the time; the rating is opened again with notice.

    Raises: ItemNotFound, ForbiddenMove (`same-person`, `reason-needed`, `publication-over`).
    """
    row = queries.item(session, code, lock=True)
    kind = row.item_class or ItemClass.MINOR
    shown = public and terms.is_published(kind, rules.items, necessary=bool(row.necessary))
    facts = {
        **decider(actor, [str(row.verified_by_id)]),
        "reason": reason.strip(),
        "not_over": not terms.is_over(clock.today_on(), held_terms(row, rules.items)),
    }
    said = f"经查，信用修复所提供的材料虚假：{reason.strip()}。撤销修复" + ("，恢复公示、共享和相应限制。" if shown else "，恢复相应限制。")
    event = ItemEvent.REVOKE if shown else ItemEvent.REVOKE_KEPT
    paper = _act(session, row, event, "repair-revocation", said, facts, rules.items, actor=actor, clock=clock, name=name, adverse=True)
    switch(session, row, public=shown, restricting=True)
    standing = queries.in_force(session, row.institution_id)
    if standing is not None and standing.repair_item_id == row.id:
        owner = session.get_one(Institution, row.institution_id)
        service.open_rating(session, owner, standing.year, actor=actor, clock=clock, reason=f"{row.code} {event.value}")
    return paper


def _act(
    session: Session,
    row: CreditItem,
    event: ItemEvent,
    kind: str,
    said: str,
    facts: dict[str, object],
    rule: ItemRule,
    *,
    actor: Actor,
    clock: Clock,
    name: str,
    adverse: bool = False,
) -> CasePaper:
    """A letter and the move that it belongs to."""
    at = clock.now_at()
    content = letters.item_act(
        kind,
        papers.addressee(session, row),
        row.code,
        at=at,
        signer=papers.signer(actor, name),
        opening=f"贵单位的信用信息{row.code}（{row.summary}），现就其信用修复事项通知如下。",
        paragraphs=[said],
        held=held_terms(row, rule),
        adverse=adverse,
    )
    paper = papers.issue(session, row, content, actor=actor, at=at)
    reason = str(facts.get("reason", ""))
    history.move(session, row, ITEM_MOVES, event, actor=actor, at=at, reason=reason, facts=facts | casepapers.cited(paper))
    return paper
