"""The operations pages against the code: every setting is in the table with its default, and half a configuration is told in both languages."""

import re
import sys
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from api import cli
from storage.kernel.settings import SECRET_FIELDS, Settings
from tests.compose_file import VARIABLE, compose, services

PAGES = Path(__file__).resolve().parents[3] / "docs" / "operations"


def rows() -> dict[str, list[str]]:
    """Variable → the cells of its row."""
    text = (PAGES / "settings.md").read_text(encoding="utf-8")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `CLASSPROOF_")]
    return {row[0].strip("`"): row for row in cells}


def test_every_setting_has_a_row_and_every_row_is_a_setting() -> None:
    commands = {"CLASSPROOF_SITE", "CLASSPROOF_API_KEY"}
    assert set(rows()) == {f"CLASSPROOF_{name.upper()}" for name in Settings.model_fields} | commands


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_row_tells_the_default_and_whether_a_file_may_hold_it(name: str) -> None:
    _, default, file, meaning = rows()[f"CLASSPROOF_{name.upper()}"]
    field = Settings.model_fields[name]
    assert field.default is not PydanticUndefined
    expected = "—" if field.default in (None, "") else f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
    assert default == expected
    assert file == ("yes" if name in SECRET_FIELDS else "")
    assert len(meaning) > 20


def test_every_command_that_the_pages_name_exists() -> None:
    import typer

    known = set(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
    for page in PAGES.glob("*.md"):
        named = set(re.findall(r"(?:`|^|\s)classproof ([a-z][a-z-]+)", page.read_text(encoding="utf-8")))
        assert named <= known, (page.name, named - known)


def test_the_set_up_makes_every_directory_and_names_every_outside_value_of_the_compose_file() -> None:
    page = (PAGES / "compose.md").read_text(encoding="utf-8")
    made = set(page.split("sudo install", 1)[1].split("```", 1)[0].split())
    used = {volume.split(":")[0].removeprefix("./") for service in services().values() for volume in service.get("volumes", [])}
    assert len(used) > 7
    assert used <= made
    for name in VARIABLE.findall(str(compose())):
        assert f"{name}=" in page


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (["migrate"], "CLASSPROOF_MIGRATION_DATABASE_URL"),
        (["api"], "CLASSPROOF_S3_ENDPOINT, CLASSPROOF_S3_ACCESS_KEY, CLASSPROOF_S3_SECRET_KEY, CLASSPROOF_MASTER_KEY"),
        (["serve"], "CLASSPROOF_MASTER_KEY, CLASSPROOF_MIGRATION_DATABASE_URL"),
        (["health", "worker"], "CLASSPROOF_MASTER_KEY"),
        (["prepare-store"], "CLASSPROOF_S3_BOOTSTRAP_SECRET_KEY"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_half_a_configuration_is_refused_in_both_languages_before_anything_starts(
    command: list[str], missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLASSPROOF_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CLASSPROOF_DATABASE_URL", "postgresql://classproof_app:x@127.0.0.1:1/classproof")
    monkeypatch.setattr(sys, "argv", ["classproof", *command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert missing in said
    assert "服务器配置不完整" in said
    assert "configured in half" in said
    assert not (tmp_path / "data").exists()
