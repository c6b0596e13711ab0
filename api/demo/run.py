"""`classproof demo`: start the site, tell the story through its public API, check the outcome, and show who can sign in. docs/design/demo.md."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx

from api.auth.roles import ROLE_NAMES, Role
from api.bootstrap import create_first_administrator
from api.demo.accounts import demo_accounts
from api.demo.browser import Person
from api.demo.clips import real_clips
from api.demo.delivery import Filming
from api.demo.institutions import build_plan
from api.demo.judged import check_judgement, judgement_lines, judgement_summary
from api.demo.plan import AccountPlan, DemoPlan
from api.demo.saying import Spinner
from api.demo.story import Story, credits_of
from api.fsck import run_fsck
from api.http.services import Services
from api.orphans import PARENT
from api.wiring import build_services
from storage.database.session import SYSTEM
from storage.engines.engines import Engines
from storage.kernel.clock import Clock
from storage.kernel.settings import Settings
from storage.ledger import proofs
from storage.objects.errors import VersionLocked
from supervision.footage import receipts
from supervision.footage.models import Recording

ROOT: Final = Path(__file__).resolve().parent.parent.parent
READY_TIMEOUT_S: Final = 90
_BEGAN: Final = time.monotonic()


def run_demo(data_dir: Path | None, *, check: bool, port: int) -> int:
    """Tell the story. `check`: in a temporary place, with a JSON summary as the last line; otherwise the site stays up until Ctrl-C."""
    began = time.monotonic()
    place = Path(tempfile.mkdtemp(prefix="classproof-demo-")) if check else (data_dir or Path("var-demo")).resolve()
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o755)
    if not check and (place / "site").exists():
        shutil.rmtree(place / "site")  # a demo begins anew; rendered recordings are kept beside it
    cache = Path(tempfile.gettempdir()) / "classproof-demo-recordings" if check else place / "recordings"
    settings = Settings(data_dir=place / "site", port=_free_port() if check else port, low_disk_bytes=2_000_000_000)
    plan = build_plan(Clock().today_on(), real_clips(ROOT.parent / "shared" / "footage", cache))
    filming = Filming(plan, cache, place / "files")
    process = _start(settings)
    try:
        with filming:
            failures, summary = _tell(settings, plan, filming, place)
        summary["seconds"] = round(time.monotonic() - began)
        if check:
            sys.stdout.write(json.dumps({**summary, "failures": failures}, ensure_ascii=False) + "\n")
            return 1 if failures else 0
        for failure in failures:
            _say(f"✗ {failure}")
        _say(f"网站已就绪，Ctrl-C 结束 · the site is up, Ctrl-C ends it: {settings.site_url}")
        process.wait()
    except KeyboardInterrupt:
        _say("正在停止 · stopping")
    finally:
        process.terminate()
        if check:  # nobody waits for what is still being made
            time.sleep(0.5)
            process.terminate()
        process.wait(60)
        if check:
            shutil.rmtree(place, ignore_errors=True)
    return 0


def _say(line: str) -> None:
    """One line with the seconds since the start, so that it is seen where the time goes."""
    sys.stdout.write(f"{time.monotonic() - _BEGAN:6.1f} s  {line}\n" if line else "\n")
    sys.stdout.flush()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _start(settings: Settings) -> "subprocess.Popen[bytes]":
    _say("启动数据库、对象存储、接口、工作进程 · starting engines, API, worker, scheduler")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    settings.data_dir.chmod(0o755)
    log = (settings.data_dir / "serve.log").open("ab")
    command = [sys.executable, "-m", "api.cli", "serve", "--data-dir", str(settings.data_dir), "--port", str(settings.port)]
    environment = {**os.environ, PARENT: str(os.getpid())}  # a demo that is killed must not leave a site behind on its port
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd=ROOT, env=environment)
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{settings.site_url}/readyz", trust_env=False).status_code == 200:
                return process
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    process.terminate()
    msg = f"the site did not become ready; see {settings.data_dir / 'serve.log'}"
    raise RuntimeError(msg)


def _tell(settings: Settings, plan: DemoPlan, filming: Filming, place: Path) -> tuple[list[str], dict[str, Any]]:  # Any: JSON summary
    accounts = demo_accounts()
    with Engines.attach(settings) as engines:
        services = build_services(engines, settings)
        administrator, accounts = _first_administrator(settings, services, accounts)
        story = Story(settings.site_url, plan, accounts, _say)
        story.enter_accounts(administrator)
        story.enter_registry()
        # Recorders, inspectors and the bureau go on beside one another: the last days' lessons still come in while those before are looked at.
        with ThreadPoolExecutor(max_workers=2) as pool:
            with Spinner(_say, "录制课堂，录完即传、校验、锁定 · rendering classrooms with real encoders; sending, verifying, locking what is ready"):
                sending = pool.submit(story.send_recordings, filming)

                def lock(until: date | None, which: str) -> None:
                    files = plan.files(until)
                    story.await_locks(files, lambda: sending.result() if sending.done() else None)
                    _say(f"{which} {len(files)} 份已锁定 · recordings sent straight to the store, verified, locked, receipted")

                lock(plan.drawn_until, f"录像（至 {plan.drawn_until} 的课次）")
                story.draw()
                watching = pool.submit(story.review, story.first_ready())
                story.enter_others(administrator)
                lock(None, f"全部录像（{plan.play_time_s / 3600:.1f} 小时）")
            with Spinner(_say, "审看片段（8倍速，真实计时）· watching the clip in real time at eight times"):
                with services.database.transaction(SYSTEM) as session:
                    services.events.enqueue(session, "mark-overdue", {})
                story.explain_a_gap()
                story.judge()
                watching.result()
        story.try_what_is_forbidden()
        story.read_coverage()
        failures = _check(services, story, place)
        summary = _summary(story, plan)
        _table(story, plan, summary)
        _people(story)
        return failures, summary


def _first_administrator(settings: Settings, services: Services, accounts: tuple[AccountPlan, ...]) -> tuple[Person, tuple[AccountPlan, ...]]:
    wanted = next(a for a in accounts if a.role is Role.ADMINISTRATOR)
    first = create_first_administrator(services, login=wanted.login, name=wanted.display_name)
    person = Person(settings.site_url, wanted.login)
    person.sign_in(first)
    own = secrets.token_urlsafe(12)
    person.change_password(first, own)
    return person, tuple(replace(a, password=own) if a is wanted else a for a in accounts)


def _check(services: Services, story: Story, place: Path) -> list[str]:
    """What must be true at the end. Each failure is one sentence."""
    told, failures = story.told, []

    def must(fact: bool, sentence: str) -> None:
        if not fact:
            failures.append(sentence)

    expected = sum(1 for i in story.plan.institutions for _ in i.footage)
    must(len(told.sent) == expected, f"{len(told.sent)} of {expected} recordings were sent")
    by_slot = {c["natural_id"]: c for c in told.coverage}
    for institution in story.plan.institutions:
        for lesson in institution.lessons:
            mine = [c for c in by_slot.values() if c["lesson"] == lesson.natural_id]
            must(bool(mine), f"{lesson.natural_id} has no slot")
            missing = max((c["missing_s"] for c in mine), default=0)
            if institution.code == "GX001":
                must(missing == 0, f"{lesson.natural_id} of the honest institution misses {missing} s")
            if "missing" in lesson.expects:
                must(missing == (lesson.ends_at - lesson.starts_at).total_seconds(), f"{lesson.natural_id} should be missing whole, is {missing} s")
            if "place-not-agreed" in lesson.expects:
                must(not any(c["place_approved"] for c in mine), f"{lesson.natural_id} is at a place not approved and is not marked")
            if "late-start" in lesson.expects:
                explained = sum(c["explained_s"] for c in mine)
                must(missing + explained >= 12 * 60 + 450, f"{lesson.natural_id}: {missing} s missing, {explained} s explained")
    must(any(c["state"] == "missing" for c in told.coverage) or _wait_missing(story), "no overdue slot turned missing")
    must(told.explanation.get("state") == "accepted", "the explanation was not accepted")
    must(len(told.tickets) == len(told.assignments) > 0, "tickets and assignments differ")
    recused = next(a.login for a in story.accounts if a.role is Role.INSPECTOR)
    honest = [a for a in told.assignments if a["natural_id"].startswith("GX001")]
    must(all(a["inspector"] != recused for a in honest), "a recused inspector was drawn")
    must(told.finding.get("state") == "confirmed", f"the finding is {told.finding.get('state')}")
    must(len(told.refused) == 3, f"refused: {told.refused}")
    failures += check_judgement(services, told.judged, story.plan.today)
    failures += _check_evidence(services, story, place)
    return failures


def _wait_missing(story: Story) -> bool:
    for _ in range(40):
        time.sleep(0.5)
        story.read_coverage()
        if any(c["state"] == "missing" for c in story.told.coverage):
            return True
    return False


def _check_evidence(services: Services, story: Story, place: Path) -> list[str]:
    """The draw by the published script, a receipt, a proof by the offline verifier, a lock, and fsck."""
    failures = []
    published = place / "draw.json"
    published.write_text(json.dumps(story.told.published, ensure_ascii=False), encoding="utf-8")
    verifier = ROOT / "supervision" / "sampling" / "verify_draw.py"
    if subprocess.run([sys.executable, str(verifier), str(published)], capture_output=True, check=False).returncode != 0:
        failures.append("the published draw does not verify")
    recording_id = next(iter(story.told.sent.values())).recording_id
    with services.database.transaction(SYSTEM) as session:
        recording = session.get_one(Recording, recording_id)
        receipt = receipts.of_recording(session, recording.id)
        if receipt is None or not receipts.verify(receipt.body, receipt.signature, services.secrets.receipt_key().public_key()):
            failures.append("the receipt's signature does not verify")
    if receipt is not None:
        failures += _check_proof(services, receipt.ledger_entry_id, place)
    try:
        services.buckets.evidence.delete_version(recording.object_key, recording.version_id or "")
        failures.append("a locked version could be deleted")
    except VersionLocked:
        _say("删除已锁定版本被存储拒绝 · the store refuses to delete a locked version")
    time.sleep(2)
    differences = run_fsck(services)
    failures += [f"fsck: {d.kind} {d.subject} {d.detail}" for d in differences]
    _say(f"核对：行、对象、锁、台账差异 {len(differences)} 处 · fsck differences")
    return failures


def _check_proof(services: Services, entry_id: int, place: Path) -> list[str]:
    from api import log_keeper
    from storage.ledger.errors import NotYetSequenced

    for _ in range(60):
        try:
            with services.database.transaction(SYSTEM) as session:
                (place / "entry.json").write_bytes(proofs.entry_body(session, entry_id))
                (place / "entry.tlog-proof").write_text(proofs.inclusion(session, entry_id), encoding="utf-8")
            break
        except NotYetSequenced:
            time.sleep(0.5)
    script = ROOT / "storage" / "ledger" / "verify_offline.py"
    command = [sys.executable, str(script), str(place / "entry.json"), str(place / "entry.tlog-proof"), str(log_keeper.verifier(services))]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    return [] if done.returncode == 0 else [f"the custody proof does not verify: {done.stdout} {done.stderr}"]


def _summary(story: Story, plan: DemoPlan) -> dict[str, Any]:  # Any: JSON
    told = story.told
    lines: dict[str, dict[str, Any]] = {}
    for institution in plan.institutions:
        mine = [c for c in told.coverage if c["institution"] == institution.code]
        lines[institution.code] = {
            "name": institution.name,
            "recordings": sum(code == institution.code for code, _ in told.sent),
            "proven_s": sum(c["proven_s"] for c in mine),
            "missing_s": sum(c["missing_s"] for c in mine),
            "explained_s": sum(c["explained_s"] for c in mine),
            "slots": dict(Counter(c["state"] for c in mine)),
        }
    return {
        "institutions": lines,
        "recordings": len(told.sent),
        "draw": told.round_code,
        "drawn": len(told.tickets),
        "finding": told.finding.get("code"),
        "watched_s": told.finding.get("watched_s"),
        **judgement_summary(told.judged),
    }


def _table(story: Story, plan: DemoPlan, summary: dict[str, Any]) -> None:  # Any: JSON
    _say("")
    _say("机构 institution                     录像   已证实     缺失     已说明")
    for code, line in summary["institutions"].items():
        hours = [f"{line[k] / 3600:7.2f} h" for k in ("proven_s", "missing_s", "explained_s")]
        _say(f"{code} {line['name']:<24} {line['recordings']:>4} {'  '.join(hours)}")
    _say(f"抽签 draw {summary['draw']}: {summary['drawn']} · 问题 finding {summary['finding']}")
    for line in judgement_lines(story.told.judged):
        _say(line)
    for credit in credits_of(plan):
        _say(credit)


def _people(story: Story) -> None:
    _say("")
    _say("账号 accounts（密码 password，动态码密钥 TOTP secret）")
    for account in story.accounts:
        person = story.people[account.login]
        _say(f"  {account.login:<16} {ROLE_NAMES[account.role]['zh']:<8} {account.password:<18} {person.secret}")
