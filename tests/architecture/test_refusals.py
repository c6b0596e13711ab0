"""Every refusal the product can give has a status and a text in both languages, and every tenant table has its wall."""

import importlib
import pkgutil
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
import compliance
import storage
import supervision
from api.http.messages import message, texts
from api.http.statuses import STATUSES, named_status
from api.http.wording.moves import REASONS
from api.tables import METADATA
from storage.database.base import Base
from storage.database.rls import grants, policy_statements, unprotected
from storage.kernel.errors import DomainError

ROOT = Path(__file__).resolve().parents[2]
NOT_MODULES = ("api.migrations", "api.locale.extract")


def _load() -> None:
    for package in (storage, supervision, compliance, api):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not found.name.startswith(NOT_MODULES) and not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def _below(error: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)


_load()
ERRORS = sorted(
    {error for error in _below(DomainError) if error.__module__.split(".")[0] in {"api", "compliance", "supervision", "storage"}}, key=str
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_mapped_and_translated(error: type[DomainError]) -> None:
    assert error.code in texts(), f"{error.__module__}.{error.__name__}: no text in api/http/wording"
    assert named_status(error) is not None, f"{error.__module__}.{error.__name__}: no status in api/http/statuses.py"


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in ERRORS]
    assert sorted(codes) == sorted(set(codes))


def test_every_status_has_an_error_or_a_text() -> None:
    assert set(STATUSES) <= set(texts())


def test_chinese_and_english_tell_the_same_facts() -> None:
    for code, text in texts().items():
        facts = [
            {name for line in (words.title, words.detail, words.advice) for _, name, _, _ in string.Formatter().parse(line) if name}
            for words in (text.zh, text.en)
        ]
        assert facts[0] == facts[1], code
        assert re.search(r"[\u4e00-\u9fff]", text.zh.title), code
        assert not re.search(r"[\u4e00-\u9fff]", text.en.title + text.en.detail + text.en.advice), code
        for language in ("zh", "en"):
            said = message(code, {}, language)
            assert said.title and said.detail and said.advice, code


def test_every_fact_in_a_text_is_named_in_the_errors_docstring_or_given_by_the_web_layer() -> None:
    for error in ERRORS:
        told = {name for _, name, _, _ in string.Formatter().parse(texts()[error.code].en.detail) if name}
        docs = " ".join(ancestor.__doc__ or "" for ancestor in error.__mro__ if issubclass(ancestor, DomainError))
        assert all(re.search(rf"\b{name}\b", docs) for name in told), f"{error.__name__}: {told} against {docs!r}"


def test_every_reason_of_a_guard_has_words() -> None:
    """The reasons are found in the sources of the lifecycles, so that a new guard cannot be forgotten."""
    pattern = re.compile(r'return "([a-z]+(?:-[a-z]+)+)"|\bfact\("[a-z_]+", "([a-z-]+)"\)|else "([a-z]+(?:-[a-z]+)+)"')
    found = set()
    for path in (path for package in ("supervision", "compliance") for path in (ROOT / package).rglob("*lifecycle.py")):
        found |= {next(filter(None, groups)) for groups in pattern.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 15
    assert found <= set(REASONS)


def test_every_table_with_rows_of_one_institution_is_under_row_level_security() -> None:
    assert unprotected(METADATA) == []
    forced = [statement for statement in policy_statements(METADATA) if "force row level security" in statement]
    assert len(forced) >= 10


def test_every_table_is_granted_and_a_wrong_tenant_column_is_noticed() -> None:
    statements = grants(METADATA)
    assert all(any("grant" in s and f'on "{table}" to' in s for s in statements) for table in METADATA.tables)
    granted = {s.split('"')[1]: s for s in statements if s.startswith("grant")}
    assert "update" not in granted["footage_view"]
    account = next(mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__name__ == "Account")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account, "TENANT", "no_such_column")
        with pytest.raises(ValueError, match="no_such_column"):
            policy_statements(METADATA)
