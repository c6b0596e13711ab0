"""From a finished class to its payment on a real PostgreSQL; what the database refuses by itself; who sees what. R84, R85, R87; F-15, Q2."""

import io
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from openpyxl import load_workbook
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from api.papers.progress_report import render_report
from api.papers.progress_sheet import render_sheet
from api.papers.subsidy_certificate import render_certificate
from compliance.policy.book import Book
from compliance.reports import service as reports
from compliance.reports.periods import ReportRule, period_of
from compliance.reports.queries import payments_of
from compliance.reports.rules import TargetRule
from compliance.reports.rules import payment_duty as yearly_duty
from compliance.subsidy import claims, queries, service
from compliance.subsidy.deadlines import DeadlineRule
from compliance.subsidy.errors import (
    CertificateMissing,
    CertificateOutdated,
    MalformedSubsidy,
    NotPayable,
    PaysTooMuch,
    SubsidyNotFound,
    VoucherTaken,
)
from compliance.subsidy.lifecycle import CertificateState, ClaimState
from compliance.subsidy.models import CertificateIssue, PayeeKind, SubsidyClaim, SubsidyPayment
from compliance.subsidy.portfolio import PortfolioRule
from storage.database.session import BUREAU, SYSTEM, Scope, apply_scope
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.errors import ForbiddenMove
from storage.ledger.models import LedgerEntry
from supervision.classes.models import SignRecord
from tests.factories.subsidised import HEAD, LEADER, OFFICER, OPERATOR, enrol, finish, finished_class, rules_on, tape
from tests.factories.world import World, make_world

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CLOCK = Clock(lambda: NOW)
RULES = rules_on(NOW)
KEY = Ed25519PrivateKey.generate()
TODAY = local_date(NOW)


@pytest.fixture
def world(session: Session) -> World:
    return finished_class(session, NOW)


def issued(session: Session, world: World) -> CertificateIssue:
    return service.issue(session, world.training_class, RULES, key=KEY, actor=OFFICER, clock=CLOCK)


def claimed(session: Session, world: World) -> SubsidyClaim:
    issued(session, world)
    return claims.submit(session, world.training_class, RULES, payee="鑫诚", account="6222 0000 1111 2222", actor=HEAD, clock=CLOCK)


def approved(session: Session, world: World) -> SubsidyClaim:
    row = claimed(session, world)
    claims.check(session, row.code, RULES, yuan=row.claimed_yuan, actor=OFFICER, clock=CLOCK)
    return claims.approve(session, row.code, actor=LEADER, clock=CLOCK)


def paid(session: Session, row: SubsidyClaim, yuan: int, voucher: str) -> SubsidyPayment:
    return claims.pay(
        session,
        row.code,
        amount_yuan=yuan,
        paid_on=TODAY,
        payee_kind=PayeeKind.INSTITUTION,
        payee="鑫诚",
        voucher=voucher,
        actor=OFFICER,
        clock=CLOCK,
    )


@contextmanager
def refused(session: Session, why: str) -> Iterator[None]:
    with pytest.raises(ForbiddenMove) as found, session.begin_nested():
        yield
    assert found.value.facts["why"] == why


def test_a_certificate_is_signed_hashed_in_the_ledger_and_printed_from_its_bytes(session: Session, world: World, tmp_path: Path) -> None:
    made = issued(session, world)
    assert (made.complete, made.amount_yuan, made.number) == (True, 200, f"补-{world.training_class.code}-1")
    assert service.verify(made.body, made.signature, KEY.public_key())
    assert not service.verify(made.body.replace(b"200", b"900"), made.signature, KEY.public_key())
    entry = session.scalars(select(LedgerEntry).where(LedgerEntry.action == "subsidy-certificate.complete")).one()
    assert made.sha256.hex().encode() in entry.body
    told = json.loads(made.body)
    assert sum(line["yuan"] for person in told["people"] for line in person["lines"]) == told["total_yuan"] == 200
    assert "学员1" not in made.body.decode()  # number and mask, no names
    pdf = tmp_path / "certificate.pdf"
    pdf.write_bytes(render_certificate(made.body, made.signature, bureau="古县人力资源和社会保障局"))
    printed = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, check=True, text=True).stdout.split("\f")
    assert "出具人：officer" in printed[-2] and "古县人力资源和社会保障局" in printed[-2]  # the last page; what follows it is empty
    assert "核验方法" in printed[-2] or "签名" in printed[-2]  # the signature is not alone on its page


def test_footage_that_is_missing_is_money_at_risk_and_an_incomplete_certificate(session: Session) -> None:
    world = finished_class(session, NOW, on_tape=False)
    span = {"since": NOW - timedelta(days=30), "until": NOW, "now": NOW}
    risk = queries.at_risk(session, RULES, institution_id=world.institution.id, **span)
    assert risk == [(world.training_class.code, 200)]
    made = issued(session, world)
    assert (made.complete, made.amount_yuan) == (False, 0)
    with refused(session, "nothing-payable"):
        claims.submit(session, world.training_class, RULES, payee="鑫诚", account="62220000", actor=HEAD, clock=CLOCK)
    tape(session, world)
    assert queries.at_risk(session, RULES, institution_id=world.institution.id, **span) == []
    again = issued(session, world)
    assert (again.complete, again.amount_yuan, again.number[-2:]) == (True, 200, "-2")


def test_without_a_certificate_nothing_can_be_claimed(session: Session, world: World) -> None:
    with pytest.raises(CertificateMissing):
        claims.submit(session, world.training_class, RULES, payee="鑫诚", account="62220000", actor=HEAD, clock=CLOCK)
    issued(session, world)
    with pytest.raises(MalformedSubsidy) as found:
        claims.submit(session, world.training_class, RULES, payee=" ", account="1", actor=HEAD, clock=CLOCK)
    assert {error["where"] for error in found.value.facts["errors"]} == {"payee", "account"}


def test_a_claim_is_for_what_is_certified_and_cites_it_once(session: Session, world: World) -> None:
    row = claimed(session, world)
    assert (row.claimed_yuan, row.account_masked.endswith("2222"), row.year) == (200, True, TODAY.year)
    certificate = service.certificate_of(session, world.training_class)
    assert certificate is not None and certificate.state is CertificateState.CITED_IN_CLAIM
    with refused(session, "not-listed"):
        issued(session, world)
    with refused(session, "not-listed"):
        claims.submit(session, world.training_class, RULES, payee="鑫诚", account="62220000", actor=HEAD, clock=CLOCK)


def test_four_eyes_decide_and_whoever_checked_or_claimed_is_not_one_of_the_second_pair(session: Session, world: World) -> None:
    row = claimed(session, world)
    with refused(session, "not-listed"):
        claims.approve(session, row.code, actor=LEADER, clock=CLOCK)
    with refused(session, "amount-out-of-range"):
        claims.check(session, row.code, RULES, yuan=0, note="无", actor=OFFICER, clock=CLOCK)
    with pytest.raises(MalformedSubsidy):
        claims.check(session, row.code, RULES, yuan=100, actor=OFFICER, clock=CLOCK)
    claims.check(session, row.code, RULES, yuan=100, note="一人重复", actor=OFFICER, clock=CLOCK)
    for same in (OFFICER, HEAD):
        with refused(session, "same-person"):
            claims.approve(session, row.code, actor=same, clock=CLOCK)
    claims.approve(session, row.code, actor=LEADER, clock=CLOCK)
    assert (row.state, row.approved_yuan) == (ClaimState.APPROVED, 100)


def test_a_check_reckons_again_and_never_confirms_more_than_it_finds(session: Session, world: World) -> None:
    row = claimed(session, world)
    session.execute(text("delete from recorded_span where institution_id = :i"), {"i": world.institution.id})
    with pytest.raises(CertificateOutdated) as found:
        claims.check(session, row.code, RULES, yuan=200, actor=OFFICER, clock=CLOCK)
    assert (found.value.facts["certified_yuan"], found.value.facts["found_yuan"]) == (200, 0)


def test_a_refused_or_withdrawn_claim_frees_the_certificate(session: Session, world: World) -> None:
    row = claimed(session, world)
    with refused(session, "reason-needed"):
        claims.refuse(session, row.code, reason=" ", actor=LEADER, clock=CLOCK)
    claims.refuse(session, row.code, reason="材料与实际不符", actor=LEADER, clock=CLOCK)
    second = claimed(session, world)
    assert second.code.endswith("-2")
    claims.withdraw(session, second.code, institution_id=world.institution.id, actor=HEAD, clock=CLOCK)
    certificate = service.certificate_of(session, world.training_class)
    assert certificate is not None and certificate.state is CertificateState.OPEN


def test_payments_reach_what_was_approved_and_footage_is_kept_two_years_from_the_last(session: Session, world: World) -> None:
    early = claimed(session, world)
    with pytest.raises(NotPayable):
        paid(session, early, 100, "P-0")
    claims.check(session, early.code, RULES, yuan=200, actor=OFFICER, clock=CLOCK)
    row = claims.approve(session, early.code, actor=LEADER, clock=CLOCK)
    paid(session, row, 150, "P-1")
    for yuan, voucher, error in ((51, "P-2", PaysTooMuch), (50, "P-1", VoucherTaken), (0, "P-3", MalformedSubsidy)):
        with pytest.raises(error), session.begin_nested():
            paid(session, row, yuan, voucher)
    paid(session, row, 50, "P-2")
    assert row.state is ClaimState.PAID
    assert world.training_class.subsidy_paid_on == TODAY
    with pytest.raises(NotPayable):
        paid(session, row, 1, "P-4")


def test_the_database_alone_refuses_to_overpay_to_pay_what_is_not_approved_and_to_change_a_payment(session: Session, world: World) -> None:
    def insert(row: SubsidyClaim, yuan: int, voucher: str) -> None:
        session.add(
            SubsidyPayment(
                institution_id=row.institution_id,
                claim_id=row.id,
                amount_yuan=yuan,
                paid_on=TODAY,
                payee_kind=PayeeKind.INSTITUTION,
                payee="鑫诚",
                voucher=voucher,
                recorded_at=NOW,
                recorded_by_id=OFFICER.id,
                recorded_by="officer",
            )
        )
        session.flush()

    row = claimed(session, world)
    with pytest.raises(IntegrityError, match="not approved"), session.begin_nested():
        insert(row, 1, "V-0")
    claims.check(session, row.code, RULES, yuan=200, actor=OFFICER, clock=CLOCK)
    claims.approve(session, row.code, actor=LEADER, clock=CLOCK)
    insert(row, 200, "V-1")
    with pytest.raises(IntegrityError, match="more than was decided"), session.begin_nested():
        insert(row, 1, "V-2")
    for statement in ("update subsidy_payment set amount_yuan = 1", "delete from subsidy_payment", "delete from subsidy_certificate_issue"):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))


@pytest.mark.parametrize(
    "change",
    [
        "state = 'approved'",
        "checked_yuan = 201, checked_by_id = claimant_id",
        "state = 'approved', checked_yuan = 200, checked_by_id = uuidv7(), approved_yuan = 200, decided_by_id = claimant_id",
        "state = 'refused'",
        "claimed_yuan = 0",
    ],
)
def test_the_table_of_claims_refuses_what_nobody_decided(session: Session, world: World, change: str) -> None:
    claimed(session, world)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(f"update subsidy_claim set {change}"))


def test_a_classified_unit_is_waived_by_its_paper_and_a_named_leader(session: Session) -> None:
    world = finished_class(session, NOW, on_tape=False)
    by = {"key": KEY, "clock": CLOCK}
    with pytest.raises(MalformedSubsidy):
        service.waive(session, world.training_class, RULES, unit="某单位", document=" ", reason="涉密", actor=LEADER, **by)
    made = service.waive(session, world.training_class, RULES, unit="某单位", document="保密办〔2026〕1号", reason="涉密", actor=LEADER, **by)
    assert (made.amount_yuan, json.loads(made.body)["waiver"]["document"]) == (200, "保密办〔2026〕1号")
    row = claims.submit(session, world.training_class, RULES, payee="鑫诚", account="62220000", actor=HEAD, clock=CLOCK)
    assert row.claimed_yuan == 200
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("update subsidy_certificate set state = 'waived', waiver_document = ''"))


def test_the_same_person_in_two_institutions_at_the_same_time_is_paid_for_once(session: Session, world: World) -> None:
    other = finished_class(session, NOW, people=3)  # two of them are in the first class as well
    amounts = {issued(session, one).amount_yuan for one in (world, other)}
    assert amounts == {200, 100}
    apply_scope(session, Scope("institution", other.institution.id))  # an institution does not learn of another's class
    found = service.assessment_of(session, other.training_class, RULES, at=NOW)
    assert found.total_yuan == 300
    apply_scope(session, SYSTEM)


def test_another_institution_finds_nothing(session: Session, world: World) -> None:
    code = approved(session, world).code
    stranger = make_world(session, NOW)
    apply_scope(session, Scope("institution", stranger.institution.id))
    with pytest.raises(SubsidyNotFound):
        claims.claim(session, code, institution_id=stranger.institution.id)
    for table in ("subsidy_claim", "subsidy_certificate", "subsidy_certificate_issue", "archived_paper", "subsidy_payment", "completion"):
        assert session.execute(text(f"select count(*) from {table}")).scalar() == 0
    apply_scope(session, BUREAU)


def test_the_watch_names_what_is_unpaid_with_its_days_and_the_shares_of_the_year(session: Session, world: World) -> None:
    deadlines, shares = Book.load().read(DeadlineRule, on=TODAY), Book.load().read(PortfolioRule, on=TODAY)
    mine = {"institution_id": world.institution.id}
    (first,) = queries.payment_watch(session, deadlines, on=TODAY, **mine)
    assert (first.step, first.outstanding_yuan, first.duty.days_left) == ("unclaimed", None, 131)
    row = approved(session, world)
    (second,) = queries.payment_watch(session, deadlines, on=TODAY, **mine)
    assert (second.step, second.outstanding_yuan) == ("approved", 200)
    paid(session, row, 200, "W-1")
    assert queries.payment_watch(session, deadlines, on=TODAY, **mine) == []
    enterprise, order, capped = queries.portfolio(session, TODAY.year, shares, **mine)
    assert (enterprise.met, order.met, capped.met) == (False, False, None)
    assert queries.startup_watch(session, deadlines, on=TODAY, **mine) == []


def test_the_report_and_the_duty_of_march_count_what_was_paid_by_their_day(session: Session, world: World) -> None:
    targets = Book.load().read(TargetRule, on=TODAY)

    def duty(on: date) -> tuple[int, int | None, str]:
        found = yearly_duty(TODAY.year, payments_of(session, TODAY.year, on), targets, today=on)
        return found.needed, found.progress.have, found.standing.value

    last = date(TODAY.year + 1, 3, 31)
    assert payments_of(session, TODAY.year, world.training_class.ends_on - timedelta(days=1)) is None
    assert duty(TODAY) == (0, 0, "short")  # it may be worth something: nothing owed is not everything paid
    row = approved(session, world)
    paid(session, row, 120, "W-1")
    assert duty(TODAY - timedelta(days=1)) == (200, 0, "short")  # claimed today; its certificate allows as much
    assert duty(TODAY) == duty(last) == (200, 120, "short")
    assert duty(last + timedelta(days=1)) == (200, 120, "missed")
    paid(session, row, 80, "W-2")
    assert duty(last + timedelta(days=1)) == (200, 200, "met")

    later = Clock(lambda: NOW + timedelta(days=30))
    period = period_of(TODAY + timedelta(days=2), Book.load().read(ReportRule, on=TODAY))
    report = reports.prepare(session, period, targets, actor=OFFICER, clock=later)
    (line,) = [one for one in report.content["rows"] if one["code"] == world.institution.code]
    assert (line["owed_yuan"], line["paid_yuan"], report.content["total"]["paid_yuan"]) == (200, 200, 200)
    assert report.content["duties"][-1]["key"] == "payments"
    assert render_report(report, bureau="古县人力资源和社会保障局").startswith(b"%PDF")
    cells = [[cell.value for cell in one] for one in load_workbook(io.BytesIO(render_sheet(report, bureau="古县人社局"))).active.rows]
    head = next(one for one in cells if one[0] == "培训机构")
    (printed,) = [one for one in cells if one[0] == world.institution.name]
    assert (printed[head.index("应付补贴")], printed[head.index("已付补贴")]) == (200, 200)


def test_a_trainee_who_did_not_sign_out_is_named_and_not_paid(session: Session) -> None:
    world = make_world(session, NOW, days_ago=7, length=timedelta(hours=2))
    enrol(session, world, NOW, 2)
    tape(session, world)
    finish(session, world, NOW)
    one = session.scalars(select(SignRecord).limit(1)).one()
    one.signed_out_at = None
    session.flush()
    found = service.assessment_of(session, world.training_class, RULES, at=NOW)
    assert sorted(p.reckoning.total_yuan for p in found.people) == [0, 100]
    assert found.reasons == ("signs",)


def test_a_name_is_needed_to_issue(session: Session, world: World) -> None:
    nobody = Actor("system", "robot", "worker", None)
    with pytest.raises(MalformedSubsidy):
        service.issue(session, world.training_class, RULES, key=KEY, actor=nobody, clock=CLOCK)
    assert OPERATOR.id != OFFICER.id
