"""The published verifier, run as a stranger runs it: alone, on downloaded files."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.database.session import SYSTEM
from storage.ledger import proofs, verify_offline
from storage.ledger.note import verifier_key
from tests.integration.ledger.conftest import LedgerDatabase
from tests.integration.ledger.test_ledger_log import ORIGIN, fill, run

SOURCE = Path(verify_offline.__file__)


@pytest.fixture
def bundle(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey, tmp_path: Path) -> Path:
    """entry.json, entry.tlog-proof, old.checkpoint, later.consistency and the verifier."""
    ids = fill(ledger_db, 300)
    old = run(ledger_db, log_key)
    fill(ledger_db, 77)
    run(ledger_db, log_key)
    assert old is not None
    with ledger_db.app.transaction(SYSTEM) as session:
        (tmp_path / "entry.json").write_bytes(proofs.entry_body(session, ids[123]))
        (tmp_path / "entry.tlog-proof").write_text(proofs.inclusion(session, ids[123]), encoding="utf-8")
        (tmp_path / "later.consistency").write_text(proofs.consistency(session, 300, 377), encoding="utf-8")
    (tmp_path / "old.checkpoint").write_text(old.note, encoding="utf-8")
    shutil.copy(SOURCE, tmp_path / "verify.py")
    return tmp_path


def verify(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", "verify.py", *arguments], cwd=place, capture_output=True, text=True, check=False)


def test_the_verifier_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    names = set()
    for statement in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            names.add((statement.module or "").partition(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_what_is_in_the_log_is_proven(bundle: Path, log_key: Ed25519PrivateKey) -> None:
    vkey = str(verifier_key(ORIGIN, log_key))
    proven = verify(bundle, "entry.json", "entry.tlog-proof", vkey)
    assert (proven.returncode, proven.stderr) == (0, "")
    assert "entry 123 of a log of 300" in proven.stdout
    extended = verify(bundle, "--consistency", "old.checkpoint", "later.consistency", vkey)
    assert (extended.returncode, extended.stderr) == (0, "")
    assert "377 entries extends the one of 300" in extended.stdout


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("entry.json", "note.written", "note.Written"),
        ("entry.json", "2026-11-24", "2026-11-23"),
        ("entry.tlog-proof", "index 123", "index 124"),
        ("entry.tlog-proof", "index 123", "index 0123"),
        ("entry.tlog-proof", "index 123", "index 999"),
        ("entry.tlog-proof", "\n300\n", "\n301\n"),
        ("entry.tlog-proof", "@v1", "@v2"),
        ("entry.tlog-proof", "\n\n", "\nAAAA\n\n"),
        ("entry.tlog-proof", "— ", "- "),
        ("entry.tlog-proof", "classproof.example", "classproof.exampla"),
    ],
)
def test_what_was_forged_is_not(bundle: Path, log_key: Ed25519PrivateKey, name: str, old: str, new: str) -> None:
    text = (bundle / name).read_text(encoding="utf-8")
    assert old in text
    (bundle / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    outcome = verify(bundle, "entry.json", "entry.tlog-proof", str(verifier_key(ORIGIN, log_key)))
    assert (outcome.returncode, outcome.stderr) == (1, "")
    assert outcome.stdout.startswith("NOT PROVEN")


def test_another_key_or_a_reordered_path_proves_nothing(bundle: Path, log_key: Ed25519PrivateKey) -> None:
    vkey = str(verifier_key(ORIGIN, log_key))
    stranger = str(verifier_key(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\3" * 32)))
    for key in (stranger, vkey[:-5], "", "x+y+z", stranger.partition("+")[0] + "+" + vkey.split("+")[1] + "+" + stranger.split("+", 2)[2]):
        assert verify(bundle, "entry.json", "entry.tlog-proof", key).returncode == 1
    head, _, note = (bundle / "entry.tlog-proof").read_text(encoding="utf-8").partition("\n\n")
    first, index, *path = head.split("\n")
    (bundle / "entry.tlog-proof").write_text("\n".join([first, index, *path[::-1]]) + "\n\n" + note, encoding="utf-8")
    assert verify(bundle, "entry.json", "entry.tlog-proof", vkey).returncode == 1
    (bundle / "entry.tlog-proof").write_bytes(b"\xff\xfe")
    assert verify(bundle, "entry.json", "entry.tlog-proof", vkey).returncode == 1
    later = (bundle / "later.consistency").read_text(encoding="utf-8")
    (bundle / "later.consistency").write_text(later.replace("old 300", "old 299"), encoding="utf-8")
    assert verify(bundle, "--consistency", "old.checkpoint", "later.consistency", vkey).returncode == 1
