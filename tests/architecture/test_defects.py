"""Every code of a defect that the rules list has its sentence in both languages: no reader is shown `outside-the-term`. STYLE.md, Errors."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from api.http.wording.kernel import DEFECTS
from api.pages.fields import FIELDS

ROOT = Path(__file__).resolve().parents[2]
OF_FORMS = ("compliance", "supervision/findings", "supervision/outcomes", "supervision/releases", "supervision/sampling", "api/pages", "api/auth")
NO_FIELDS = {"aspect", "camera", "weights", "recording_id", "visit", "item", "classified_by", "recorded_by", "substantiated"}  # never typed


def _texts(value: ast.expr) -> Iterator[str]:
    """The plain strings an expression can give; what is computed otherwise is named where it is computed."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)


def _listed(key: str, *packages: str) -> dict[str, str]:
    """What stands under `key` in each `{"where": …, "code": …}` of the packages, and a place of each."""
    found: dict[str, str] = {}
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Dict):
                    continue
                told = {name.value: value for name, value in zip(node.keys, node.values, strict=True) if isinstance(name, ast.Constant)}
                if "code" in told and ("where" in told or "row" in told):
                    found |= {text: f"{path.relative_to(ROOT)}:{node.lineno}" for text in _texts(told[key])} if key in told else {}
    return found


def test_every_defect_has_a_sentence_in_both_languages() -> None:
    codes = _listed("code", "storage", "supervision", "compliance", "api")
    assert len(codes) > 30
    assert {code: place for code, place in codes.items() if code not in DEFECTS} == {}
    assert all(zh.strip() and en.strip() for zh, en in DEFECTS.values())


def test_every_field_that_a_form_refuses_has_its_name_in_words() -> None:
    fields = _listed("where", *OF_FORMS)
    assert {"filed_on", "months", "points"} <= set(fields)
    assert {field: place for field, place in fields.items() if field not in FIELDS and field not in NO_FIELDS} == {}


def test_pages_name_a_refused_field_in_words_in_one_place() -> None:
    pages = ROOT / "api/pages"
    printed = {path.relative_to(pages).as_posix() for path in pages.rglob("*.html") if re.search(r"\.errors\b", path.read_text())}
    assert printed == {"templates/components/page.html", "templates/error.html", "registry/class.html"}  # the last one lists bad rows of a sheet
    assert not [path for path in pages.rglob("*.html") if re.search(r"\.where(?!\|field| %)", path.read_text())]
