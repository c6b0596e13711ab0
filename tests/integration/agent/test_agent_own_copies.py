"""The recorder's machine answers the bureau's checks of the own copy, and never with what may be another file. R73; Q3, F-14."""

import os

import pytest
from sqlalchemy import select

from api.agent.run import ALL_SENT, upload_folder
from api.wiring import job_handlers
from storage.database.session import SYSTEM
from supervision.footage.copy_models import CopyCheck
from tests.integration.agent.conftest import Desk


def asked(desk: Desk) -> CopyCheck:
    """One check, as the daily job asks for it."""
    job_handlers(desk.services)["check-copies"]()
    return the_check(desk)


def the_check(desk: Desk) -> CopyCheck:
    with desk.services.database.transaction(SYSTEM) as session:
        return session.scalars(select(CopyCheck).where(CopyCheck.institution_id == desk.world.institution.id)).one()


def test_a_file_that_lies_as_it_was_sent_answers_by_itself(desk: Desk) -> None:
    desk.film()
    assert desk.finish(desk.run(), jobs=True)[0] == 0
    assert asked(desk).answered_at is None
    code, _, err = desk.finish(desk.run())
    assert code == 0
    assert "自存录像核对已应答" in err and "相符" in err
    check = the_check(desk)
    assert check.matches is True
    assert check.answered_by.startswith(desk.account.login_name)
    assert "自存录像核对" not in desk.finish(desk.run())[2]


def test_a_file_that_is_gone_is_told_to_a_person_and_nothing_is_answered(desk: Desk) -> None:
    path = desk.film()
    assert desk.finish(desk.run(), jobs=True)[0] == 0
    asked(desk)
    path.unlink()
    code, _, err = desk.finish(desk.run())
    assert (code, the_check(desk).answered_at) == (0, None)
    assert path.name in err and "自存录像核对”页面应答" in err


def test_a_file_that_was_touched_since_does_not_answer(desk: Desk) -> None:
    """Another length under the same name: were it sent as an answer, a wrong one would stand."""
    path = desk.film()
    assert desk.finish(desk.run(), jobs=True)[0] == 0
    asked(desk)
    with path.open("ab") as file:
        file.write((16).to_bytes(4, "big") + b"free" + bytes(8))
    desk.finish(desk.run(), jobs=True)
    assert the_check(desk).answered_at is None


def test_bytes_that_decayed_under_the_same_date_are_answered_as_they_are(desk: Desk) -> None:
    path = desk.film()
    assert desk.finish(desk.run(), jobs=True)[0] == 0
    check = asked(desk)
    found = path.stat()
    with path.open("r+b") as file:
        file.seek(check.offset_bytes)
        byte = file.read(1)[0]
        file.seek(check.offset_bytes)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    code, _, err = desk.finish(desk.run())
    assert (code, the_check(desk).matches) == (0, False)
    assert "不符" in err


def test_a_key_that_may_not_ask_does_not_stop_the_sending(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    desk.film()
    key, _ = desk.key("upload:write")
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder.parent / "state"))
    assert upload_folder(desk.folder, site=f"http://{desk.site.address}", key=key, watch=False, lanes=2, wait=False) == ALL_SENT
    told = capsys.readouterr()
    assert told.out.split("\t")[0] == "sent"
    assert "自存录像核对 / checks of the own copy: 接口密钥权限不足" in told.err
