"""A clerk types rubbish into approvals, subsidy and outcomes: no fault of ours, nothing cut, every refusal names its field. UI.md, Errors."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from api.auth.roles import Role
from compliance.approvals import deciding
from compliance.approvals.rules import Aspect
from compliance.subsidy import claims, service
from compliance.subsidy.models import SubsidyPayment
from storage.database.session import SYSTEM
from storage.kernel.clock import local_date
from supervision.outcomes import official
from supervision.outcomes.models import Complaint
from tests.factories.county import County, Person
from tests.factories.subsidised import HEAD, LEADER, OFFICER, finished_class, rules_on
from tests.factories.world import World, make_world
from tests.integration.approvals import stage as approvals
from tests.integration.site.page_forms import Page, PageForm, Values, forms_of, refused
from tests.site_fixtures import Hands, Site

TOO_MUCH = "字" * 25_000
CONTROL = "好\x00的"
MAY_BE_EMPTY = ("/new", "/save", "/decide")  # a draft says itself what is missing; a complaint is decided by one of two buttons
TEXTS = ("text", "textarea", "date", "number")


@dataclass
class Clerk:
    county: County
    posted: set[str] = field(default_factory=set)

    def person(self, role: Role, world: World | None = None) -> Person:
        who = self.county.person(role, world)
        who.http.headers["Accept"] = "text/html"
        return who

    def spoil(self, who: Person, path: str) -> None:
        """Nothing, too much and control characters, in both languages, in every form of the page."""
        for language in ("en", "zh"):
            who.http.cookies.set("lang", language)
            page = Page(who.http.get(path).text)
            for action, form in page.forms.items():
                if not any(one.kind in TEXTS for one in form.controls):
                    continue
                spoilt = [every_text(form, TOO_MUCH), every_text(form, CONTROL)]
                must = any(one.required for one in form.controls) and not action.endswith(MAY_BE_EMPTY)
                for sent in [*([without_files(form)] if must else []), *spoilt]:
                    again = refused(who.http, form, sent)
                    lines = " ".join(again.alert)
                    assert not re.search(r"[a-z]+_[a-z]+|—", lines), lines
                    assert bool(re.search(r"[\u4e00-\u9fff]", lines)) is (language == "zh"), lines
                    if sent is spoilt[0]:
                        assert "25000" not in lines and re.search(r"\d", lines), lines
                self.posted.add(re.sub(r"[0-9a-f-]{36}|/(approvals|classes|claims)/[^/]+", lambda m: f"/{m[1]}/…" if m[1] else "…", action))


def without_files(form: PageForm) -> Values:
    files = {one.name for one in form.controls if one.kind == "file"}
    return {name: values for name, values in form.nothing().items() if name not in files}


def every_text(form: PageForm, text: str) -> Values:
    """What a browser would send with `text` in every field of text, and the last choice in every other."""
    sent: Values = {}
    for one in form.controls:
        if one.kind == "file":
            continue
        if one.kind in ("checkbox", "radio"):
            sent[one.name] = [one.value]
        else:
            sent[one.name] = [one.choices[-1] if one.choices else one.value if one.kind == "hidden" else text]
    return sent


@pytest.fixture
def clerk(site: Site, hands: Hands, run_jobs: Callable[[], None]) -> Iterator[Clerk]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at(), ends_in_days=10)
    county = County(site, hands, world, run_jobs)
    yield Clerk(county)
    for client in county.clients:
        client.close()


@pytest.fixture
def done(clerk: Clerk) -> World:
    """A class that is over, with everything it needs for a claim."""
    services = clerk.county.site.services
    with services.database.transaction(SYSTEM) as session:
        return finished_class(session, services.clock.now_at(), master_key=services.secrets.master_key())


def claimed(clerk: Clerk, done: World) -> str:
    services = clerk.county.site.services
    with services.database.transaction(SYSTEM) as session:
        clock, rules = services.clock, rules_on(services.clock.now_at())
        service.issue(session, done.training_class, rules, key=services.secrets.receipt_key(), actor=OFFICER, clock=clock)
        by = {"payee": "鑫诚职业培训学校", "account": "6222000011112222", "actor": HEAD, "clock": clock}
        return claims.submit(session, done.training_class, rules, **by).code


def test_no_form_of_an_application_takes_rubbish(clerk: Clerk) -> None:
    world, services = clerk.county.world, clerk.county.site.services
    head, officer = clerk.person(Role.INSTITUTION_HEAD), clerk.person(Role.BUREAU_OFFICER)
    legal, leader = clerk.person(Role.LEGAL_OFFICER), clerk.person(Role.BUREAU_LEADER)
    for kind in ("location", "extension"):
        clerk.spoil(head, f"/approvals/new?kind={kind}")

    def at_stage(do: Callable[[approvals.Stage], str]) -> str:
        with services.database.transaction(SYSTEM) as session:
            return do(approvals.Stage(session, services.clock.now_at()))

    code = at_stage(lambda stage: stage.location(world).code)
    path = f"/approvals/{code}"
    clerk.spoil(head, path)

    def go_on(step: Callable[[approvals.Stage, str], object]) -> None:
        with services.database.transaction(SYSTEM) as session:
            step(approvals.Stage(session, services.clock.now_at()), code)

    def by_code(stage: approvals.Stage) -> approvals.Approval:
        return stage.session.query(approvals.Approval).filter_by(code=code).one()

    go_on(lambda stage, _: stage.submit(by_code(stage)))
    clerk.spoil(officer, path)
    go_on(lambda stage, _: stage.accept(by_code(stage)))
    clerk.spoil(officer, path)
    go_on(lambda stage, _: stage.visit(by_code(stage)))
    clerk.spoil(officer, path)
    go_on(lambda stage, _: stage.assess(by_code(stage), Aspect.QUALITY, approvals.CLERK))
    clerk.spoil(legal, path)
    go_on(lambda stage, _: stage.assess(by_code(stage), Aspect.SAFETY, approvals.SAFETY))
    clerk.spoil(leader, path)
    go_on(lambda stage, _: stage.approve(by_code(stage), conditions="增设灭火器"))
    clerk.spoil(officer, path)
    go_on(lambda stage, _: deciding.confirm_conditions(stage.session, code, how="已核验", by=approvals.CLERK, rule=approvals.RULE, clock=stage.clock))
    clerk.spoil(officer, path)
    go_on(
        lambda stage, _: deciding.announce_revocation(
            stage.session, code, reason="改作他用", by=approvals.CLERK, rule=approvals.RULE, clock=stage.clock
        )
    )
    clerk.spoil(head, path)
    clerk.spoil(leader, path)
    clerk.county.hands.forward(days=20)
    leader = clerk.person(Role.BUREAU_LEADER)
    clerk.spoil(leader, path)
    acts = ("save", "cameras", "withdraw", "return", "visit", "assess", "approve", "refuse", "conditions-met", "announce-revocation")
    assert clerk.posted == {"/approvals/…", *(f"/approvals/…/{act}" for act in (*acts, "view", "revoke", "drop-revocation"))}


def test_no_form_of_a_certificate_or_a_claim_takes_rubbish(clerk: Clerk, done: World) -> None:
    path = f"/subsidy/classes/{done.training_class.code}"
    head, officer, leader = clerk.person(Role.INSTITUTION_HEAD, done), clerk.person(Role.BUREAU_OFFICER), clerk.person(Role.BUREAU_LEADER)
    clerk.spoil(head, path)
    clerk.spoil(leader, path)
    services = clerk.county.site.services
    with services.database.transaction(SYSTEM) as session:
        rules = rules_on(services.clock.now_at())
        service.issue(session, done.training_class, rules, key=services.secrets.receipt_key(), actor=OFFICER, clock=services.clock)
    clerk.spoil(head, path)
    with services.database.transaction(SYSTEM) as session:
        by = {"payee": "鑫诚职业培训学校", "account": "6222000011112222", "actor": HEAD, "clock": services.clock}
        code = claims.submit(session, done.training_class, rules, **by).code
    place = f"/subsidy/claims/{code}"
    for who in (head, officer, leader):
        clerk.spoil(who, place)
    with services.database.transaction(SYSTEM) as session:
        claims.check(session, code, rules, yuan=200, actor=OFFICER, clock=services.clock)
        claims.approve(session, code, actor=LEADER, clock=services.clock)
    clerk.spoil(officer, place)
    assert clerk.posted == {
        *(f"/subsidy/classes/…/{act}" for act in ("archive", "waive", "claim")),
        *(f"/subsidy/claims/…/{act}" for act in ("check", "refuse", "withdraw", "payments")),
    }


def test_no_form_of_outcomes_and_official_records_takes_rubbish(clerk: Clerk, done: World) -> None:
    services = clerk.county.site.services
    with services.database.transaction(SYSTEM) as session:
        by = {"actor": OFFICER, "at": services.clock.now_at()}
        official.record_complaint(session, done.institution.id, received_on=local_date(services.clock.now_at()), summary="只上了三天", **by)
    head, officer = clerk.person(Role.INSTITUTION_HEAD, done), clerk.person(Role.BUREAU_OFFICER)
    clerk.spoil(head, f"/classes/{done.training_class.code}/outcomes")
    clerk.spoil(officer, f"/records?institution={done.institution.code}")
    assert clerk.posted == {
        *(f"/classes/…/outcomes/{act}" for act in ("completions", "completion", "evidence")),
        *(f"/records/{act}" for act in ("audits", "complaints", "reductions", "evaluations", "complaints/…/decide")),
    }


def test_a_number_that_no_rule_bounds_and_no_column_holds_is_refused_at_its_form(clerk: Clerk) -> None:
    officer = clerk.person(Role.BUREAU_OFFICER)
    officer.http.cookies.set("lang", "en")
    today = clerk.county.site.services.clock.today_on()
    sent = {"kind": "employed-persons", "value": "99999999999", "as_of_on": today.isoformat(), "document": "统〔2026〕1号"}
    form = forms_of(officer.http, "/targets/figures")["/targets/figures"]
    sent["kind"] = next(one.choices[-1] for one in form.controls if one.name == "kind")
    answer = officer.http.post("/targets/figures", data=sent)
    assert answer.status_code == 422 and "arge" in answer.text
    assert Page(answer.text).forms["/targets/figures"].values()["value"] == ["99999999999"]


@pytest.mark.parametrize(
    ("act", "field", "value", "words"),
    [
        ("payments", "amount_yuan", "99999999999", "Amount, yuan: is too large"),
        ("payments", "amount_yuan", "-5", "Amount, yuan: must be a whole number"),
        ("payments", "amount_yuan", "²", "Amount, yuan: must be a whole number"),
        ("payments", "amount_yuan", "0", "Amount, yuan: is out of range"),
        ("payments", "paid_on", "2026-02-30", "Paid on: is not a date"),
        ("payments", "paid_on", "0001-01-01", "Paid on: is out of range"),
        ("payments", "payee_kind", "president", "Kind of payee: is not one of the choices"),
    ],
)
def test_a_wrong_figure_day_or_choice_of_a_payment_is_named(clerk: Clerk, done: World, act: str, field: str, value: str, words: str) -> None:
    code = claimed(clerk, done)
    services = clerk.county.site.services
    with services.database.transaction(SYSTEM) as session:
        claims.check(session, code, rules_on(services.clock.now_at()), yuan=200, actor=OFFICER, clock=services.clock)
        claims.approve(session, code, actor=LEADER, clock=services.clock)
    officer = clerk.person(Role.BUREAU_OFFICER)
    officer.http.cookies.set("lang", "en")
    form = forms_of(officer.http, f"/subsidy/claims/{code}")[f"/subsidy/claims/{code}/{act}"]
    sent = form.values() | {"voucher": ["V-1"]} | {field: [value]}
    answer = officer.http.post(form.action, data=sent)
    assert answer.status_code == 422
    assert any(line.startswith(words) for line in Page(answer.text).alert), Page(answer.text).alert
    with services.database.transaction(SYSTEM) as session:
        assert session.scalars(select(SubsidyPayment)).all() == []


def test_what_belongs_to_another_institution_is_not_found_and_nothing_of_it_changes(clerk: Clerk, done: World) -> None:
    """Foreign codes, foreign ids in hidden fields, ids that nobody has: none is a fault of ours, and none is told apart from another."""
    services = clerk.county.site.services
    code = claimed(clerk, done)
    with services.database.transaction(SYSTEM) as session:
        by = {"actor": OFFICER, "at": services.clock.now_at()}
        today = local_date(services.clock.now_at())
        mine = official.record_complaint(session, done.institution.id, received_on=today, summary="只上了三天", **by)
        theirs = approvals.Stage(session, services.clock.now_at()).location(make_world(session, services.clock.now_at(), ends_in_days=10)).code
    stranger, officer = clerk.person(Role.INSTITUTION_HEAD), clerk.person(Role.BUREAU_OFFICER)
    class_code = done.training_class.code
    for path, data in (
        (f"/subsidy/claims/{code}/withdraw", {"reason": "错"}),
        (f"/subsidy/classes/{class_code}/claim", {"payee": "别人", "account": "6222000011112222"}),
        (f"/subsidy/classes/{class_code}/archive", {"kind": "roster"}),
        (f"/classes/{class_code}/outcomes/completion", {"enrolment": str(uuid4())}),
        (f"/classes/{class_code}/outcomes/evidence", {"trainee": str(uuid4())}),
        (f"/approvals/{theirs}/save", {"kind": "location"}),
        (f"/approvals/{theirs}/submit", {}),
        (f"/approvals/{theirs}/cameras/{uuid4()}/remove", {}),
    ):
        assert stranger.http.post(path, data=data).status_code == 404, path
    wrong = {"institution": clerk.county.world.institution.code, "found": "属实", "substantiated": "yes"}
    assert officer.http.post(f"/records/complaints/{mine.id}/decide", data=wrong).status_code == 404
    for path in (
        f"/records/complaints/{uuid4()}/decide",
        "/records/complaints/rubbish/decide",
        f"/employment/{uuid4()}/verify",
        "/employment/x/verify",
    ):
        assert officer.http.post(path, data=wrong).status_code in (404, 422), path
    for path in ("/subsidy?year=0000", "/subsidy?year=²²²²", "/subsidy/claims/x", "/approvals/x", "/records?institution=x", "/employment?state=x"):
        assert officer.http.get(path).status_code in (200, 404), path
    assert officer.http.get("/records?institution=%00").status_code == 422
    with services.database.transaction(SYSTEM) as session:
        assert session.get_one(Complaint, mine.id).substantiated is None


def test_a_file_of_the_wrong_kind_is_named_with_the_kinds_that_are_taken(clerk: Clerk, done: World) -> None:
    head = clerk.person(Role.INSTITUTION_HEAD, done)
    head.http.cookies.set("lang", "zh")
    place = f"/subsidy/classes/{done.training_class.code}/archive"
    for name, data, words in (
        ("名册.exe", b"MZ rubbish", "名册.exe：文件类型不对，应为 PDF, JPEG, PNG"),
        ("空.pdf", b"", "空.pdf：必填"),
        ("大.pdf", b"%PDF-" + b"a" * (8 << 20), "大.pdf：文件超过允许的大小"),
    ):
        answer = head.http.post(place, data={"kind": "roster", "note": "补交"}, files={"files": (name, data)})
        page = Page(answer.text)
        assert answer.status_code == 422 and any(line.startswith(words) for line in page.alert), (name, page.alert)
        assert page.forms[place].values()["note"] == ["补交"]


def test_the_same_audit_or_evaluation_twice_is_refused_at_its_form(clerk: Clerk) -> None:
    officer, world = clerk.person(Role.BUREAU_OFFICER), clerk.county.world
    officer.http.cookies.set("lang", "en")
    today = clerk.county.site.services.clock.today_on()
    audit = {
        "institution": world.institution.code, "issuer": "审计局", "level": "county", "audit_document": "审〔2026〕3号",
        "issued_on": today.isoformat(), "summary": "缺课", "major": "no", "classification_reason": "轻微",
    }  # fmt: skip
    evaluation = {
        "institution": world.institution.code, "year": str(today.year), "score": "900", "report": "评〔2026〕1号", "evaluated_on": today.isoformat(),
    }  # fmt: skip
    for path, data, words in (
        ("/records/audits", audit, "What was found: is there already"),
        ("/records/evaluations", evaluation, "Report of the evaluation: is there already"),
    ):
        assert officer.http.post(path, data=data).status_code == 303
        again = officer.http.post(path, data=data)
        assert again.status_code == 422 and Page(again.text).alert == [words], Page(again.text).alert
    for year in ("1999", str(today.year + 1), "20260"):
        told = officer.http.post("/records/evaluations", data=evaluation | {"report": "另一份", "year": year})
        assert told.status_code == 422 and Page(told.text).alert == [f"Year: is out of range: {year}"]


@pytest.mark.parametrize("value", [{"reason": "a\x00b"}, {"reason": "a\ud800b"}, {"reason": "字" * 8001}], ids=["control", "half", "long"])
def test_the_api_refuses_what_cannot_be_kept_and_says_where(clerk: Clerk, value: dict[str, str]) -> None:
    head = clerk.county.person(Role.INSTITUTION_HEAD)
    body = json.dumps({"kind": "extension"} | value)  # a half of a pair can be sent only in its written form
    answer = head.http.post("/api/v1/approvals", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    (defect,) = answer.json()["errors"]
    assert defect["where"].endswith("reason")
    assert httpx.codes.is_client_error(head.http.get("/api/v1/approvals/%00").status_code)


def test_the_api_cuts_nothing_either(clerk: Clerk) -> None:
    """A reason of 4001 characters was once kept as 4000."""
    head = clerk.county.person(Role.INSTITUTION_HEAD)
    answer = head.http.post("/api/v1/approvals", json={"kind": "extension", "reason": "字" * 4001})
    assert answer.status_code == 422
    assert [(one["where"], one["code"]) for one in answer.json()["errors"]] == [("reason", "string_too_long")]
    assert "4000" in answer.json()["errors"][0]["text"]


def test_a_bank_account_with_letters_is_not_quietly_made_one_without(clerk: Clerk, done: World) -> None:
    services = clerk.county.site.services
    with services.database.transaction(SYSTEM) as session:
        rules = rules_on(services.clock.now_at())
        service.issue(session, done.training_class, rules, key=services.secrets.receipt_key(), actor=OFFICER, clock=services.clock)
    head = clerk.person(Role.INSTITUTION_HEAD, done)
    head.http.cookies.set("lang", "en")
    path = f"/subsidy/classes/{done.training_class.code}"
    form = forms_of(head.http, path)[f"{path}/claim"]
    page = refused(head.http, form, form.values() | {"account": ["6222 OOOO 1111 2222"]})
    assert page.alert == ["Bank account of the payee (only its mask is kept): is made of digits only, with spaces or hyphens between them"]


def test_days_turned_round_and_too_far_away_are_refused_before_anything_is_handed_in(clerk: Clerk) -> None:
    world, head = clerk.county.world, clerk.person(Role.INSTITUTION_HEAD)
    head.http.cookies.set("lang", "en")
    today = clerk.county.site.services.clock.today_on()
    draft = {"kind": "location", "classes": world.training_class.code, "from_on": "9999-12-31", "until_on": "0001-01-01"}
    answer = head.http.post("/approvals/new", data=draft)
    assert answer.status_code == 422
    assert set(Page(answer.text).alert) == {"First day of use: is out of range: 9999-12-31", "Last day of use: is out of range: 0001-01-01"}
    turned = head.http.post("/approvals/new", data=draft | {"from_on": today.isoformat(), "until_on": (today - timedelta(days=3)).isoformat()})
    assert turned.status_code == 303
    sent = head.http.post(f"{turned.headers['location']}/submit")
    assert sent.status_code == 422 and any("Last day of use: lies before the start" in line for line in Page(sent.text).alert), Page(sent.text).alert
