"""Rules of routes, where to go on, paging and words: pure."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from api.auth.access import Rule
from api.auth.caller import Caller
from api.auth.errors import ReadOnlyRole, SignInAgain, SignInNeeded
from api.auth.models import ViewKind
from api.auth.roles import BUREAU, INSTITUTION, Role, needs_second_factor
from api.auth.views import safe_next
from api.http.messages import defect_text, message
from api.http.paging import cell, decode_cursor, encode_cursor
from storage.database.session import BUREAU as BUREAU_SCOPE
from storage.database.session import PUBLIC, Scope
from storage.kernel.errors import InvalidInput, NotAllowed

ID = UUID("01890000-0000-7000-8000-000000000001")
AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def test_everyone_outside_institutions_needs_a_second_factor() -> None:
    assert {role for role in Role if not needs_second_factor(role)} == INSTITUTION


def test_a_role_that_is_not_named_is_refused() -> None:
    rule = Rule(roles=BUREAU)
    assert rule.refusal(Role.INSPECTOR, "POST") is None
    assert rule.refusal(Role.INSTITUTION_HEAD, "GET") is NotAllowed
    assert rule.refusal(Role.ADMINISTRATOR, "GET") is NotAllowed
    assert rule.refusal(None, "GET") is SignInNeeded


def test_an_auditor_reads_where_the_bureau_reads_and_only_there() -> None:
    assert Rule(roles=BUREAU).refusal(Role.AUDITOR, "GET") is None
    assert Rule(roles=INSTITUTION).refusal(Role.AUDITOR, "GET") is NotAllowed


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_auditor_changes_nothing_but_own_account_and_the_record_of_a_view(method: str) -> None:
    assert Rule(roles=frozenset(Role)).refusal(Role.AUDITOR, method) is ReadOnlyRole
    assert Rule(roles=frozenset(Role), personal=True).refusal(Role.AUDITOR, method) is None
    assert Rule(roles=BUREAU, purpose=ViewKind.PLAY).refusal(Role.AUDITOR, method) is None


def test_a_callers_rows_follow_from_the_role() -> None:
    assert Caller(via="anonymous").scope == PUBLIC
    assert Caller(via="session", role=Role.INSTITUTION_HEAD, institution_id=ID).scope == Scope("institution", ID)
    assert Caller(via="session", role=Role.AUDITOR).scope == BUREAU_SCOPE


def test_a_sign_in_is_fresh_for_five_minutes() -> None:
    caller = Caller(via="session", role=Role.BUREAU_LEADER, mfa_at=AT)
    caller.require_fresh(AT.replace(minute=5))
    with pytest.raises(SignInAgain):
        caller.require_fresh(AT.replace(minute=5, second=1))
    with pytest.raises(SignInAgain):
        Caller(via="api_key", role=Role.BUREAU_LEADER).require_fresh(AT)


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/login", "/login/code", "/a\nb", "/" + "x" * 1001]
)
def test_after_sign_in_nothing_leads_elsewhere(elsewhere: str) -> None:
    assert safe_next(elsewhere) == "/"


def test_after_sign_in_one_goes_on_where_one_was() -> None:
    assert safe_next("/draws/7?state=open#x") == "/draws/7?state=open#x"


def test_a_cursor_brings_back_what_it_was_made_of() -> None:
    values = [AT, date(2026, 2, 28), ID, 7, "课次 · a,b"]
    assert decode_cursor(encode_cursor(values), 5) == values


@pytest.mark.parametrize("nonsense", ["!!!", "bm90IGpzb24", "W10", "W1sieiIsMV1d", "MQ", "W1sidSIsICJ4Il1d"])
def test_a_cursor_that_is_not_ours_is_refused(nonsense: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(nonsense, 1)


def test_a_cell_is_never_a_formula() -> None:
    assert cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert [cell(value) for value in (None, -3, "text", AT)] == ["", "-3", "text", "2026-11-24 09:00:00"]


def test_a_message_carries_its_facts_in_the_readers_words() -> None:
    facts = {"size_bytes": 5_000_000_000, "limit_bytes": 2_000_000_000}
    assert "5 GB" in message("file-too-large", facts, "en").detail.replace("5.00", "5")
    assert "文件过大" in message("file-too-large", facts, "zh").title
    assert "a reason is required" in message("forbidden-move", {"why": "reason-needed", "state": "open", "event": "void"}, "en").detail
    assert "不能办理" in message("forbidden-move", {"why": "reason-needed"}, "zh").detail


def test_a_code_without_a_text_still_says_something() -> None:
    assert message("brand-new", {}, "en").title == "Not possible"


def test_braces_in_a_fact_are_only_text() -> None:
    assert "{evil}" in message("name-taken", {"login_name": "{evil}"}, "en").detail


def test_a_defect_names_the_value_refused() -> None:
    assert defect_text({"code": "not-on-roster", "value": "110***1234"}, "zh") == "不在花名册中：110***1234"
    assert defect_text({"code": "missing", "value": None}, "en") == "is required"
