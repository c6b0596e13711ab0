"""The guide for a spot check names only what the pages really say, and `classproof draw verify` says what the published script says."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.locale.catalogues import read_catalogue

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "operations" / "run-a-spot-check.md"
PHRASES = sorted(set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", GUIDE.read_text(encoding="utf-8"))))


def test_the_guide_names_something() -> None:
    assert len(PHRASES) > 20


@pytest.mark.parametrize("phrase", PHRASES)
def test_what_the_guide_tells_you_to_press_stands_on_a_page(phrase: str) -> None:
    told = {str(message.id) for message in read_catalogue("messages") if message.id} | {str(m.id) for m in read_catalogue("browser") if m.id}
    assert phrase in told


def test_a_file_that_is_no_draw_is_refused_with_exit_1(tmp_path: Path) -> None:
    file = tmp_path / "D2026-0001.json"
    file.write_text(json.dumps({"format": "something else"}), encoding="utf-8")
    ended = CliRunner().invoke(app, ["draw", "verify", str(file)])
    assert ended.exit_code == 1
    assert "DIFFERENT format" in ended.output
