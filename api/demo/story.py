"""The demo's story, told through the public HTTP API: registry, uploads, explanation, draw, review, finding. docs/design/demo.md."""

import hashlib
import io
import secrets
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import cv2
import openpyxl

from api.agent.agent import Agent, SentFile
from api.auth.roles import Role
from api.demo.browser import Person, Refused
from api.demo.contact_sheet import middle_of
from api.demo.delivery import Delivered
from api.demo.judgement import NEW_TASK_PERSONS, Judged, exit_case, information_item, public_list, ratings, repair, rewards
from api.demo.looking import look
from api.demo.plan import DEPARTMENT, AccountPlan, ClassPlan, DemoPlan, InstitutionPlan, RealClip
from api.demo.recorder import Film
from api.demo.saying import Say

LOCK_TIMEOUT_S: Final = 150
PUBLIC_VALUE_S: Final = 4  # the public value is known this much after the frame is frozen
LATER: Final = frozenset({"bureau.2", "leader.2", "department", "verifier", "auditor"})  # nothing waits for them before the first copy is watched


@dataclass
class Told:
    """What happened, for the summary and the assertions."""

    institutions: dict[str, str] = field(default_factory=dict)  # code → id
    sent: dict[tuple[str, str], SentFile] = field(default_factory=dict)
    round_code: str = ""
    tickets: list[dict[str, Any]] = field(default_factory=list)  # Any: JSON of the API
    assignments: list[dict[str, Any]] = field(default_factory=list)
    finding: dict[str, Any] = field(default_factory=dict)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    published: dict[str, Any] = field(default_factory=dict)
    explanation: dict[str, Any] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    judged: Judged = field(default_factory=Judged)


class Story:
    """One telling. `people` are signed in as the story needs them."""

    def __init__(self, url: str, plan: DemoPlan, accounts: tuple[AccountPlan, ...], say: Say) -> None:
        self.url, self.plan, self.accounts, self.say = url, plan, accounts, say
        self.people: dict[str, Person] = {}
        self.told = Told()

    def person(self, role: Role, institution: str | None = None, nth: int = 0) -> Person:
        """Somebody of a role, by the accounts of the plan."""
        found = [a for a in self.accounts if a.role is role and (institution is None or a.institution_code == institution)]
        return self.people[found[nth].login]

    def enter_accounts(self, administrator: Person) -> None:
        """Every institution, and the accounts of whom the lessons and the draw need; the others come by `enter_others`."""
        for institution in self.plan.institutions:
            made = administrator.call(
                "POST",
                "/api/v1/institutions",
                {
                    "code": institution.code,
                    "name": institution.name,
                    "kind": institution.kind.value,
                    "principal": institution.principal,
                    "legal_representative": institution.legal_representative,
                    "address": institution.address,
                },
            )
            self.told.institutions[institution.code] = made["id"]
        self.people[administrator.login] = administrator
        first = [account for account in self.accounts if account.login not in LATER]
        self._enter_all(administrator, first)
        self.say(f"账号 {len(first)} 个 · accounts of those who begin")

    def enter_others(self, administrator: Person) -> None:
        """The accounts of those whom nobody has waited for so far: a password costs a fifth of a second four times over."""
        self._enter_all(administrator, [account for account in self.accounts if account.login in LATER])
        self.say(f"账号共 {len(self.accounts)} 个 · accounts, one per role at least")

    def _enter_all(self, administrator: Person, accounts: Iterable[AccountPlan]) -> None:
        """Each person signs in, links a code device when owed, and sets a password of their own."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            others = [account for account in accounts if account.login not in self.people]
            self.people |= {person.login: person for person in pool.map(lambda account: self._enter(administrator, account), others)}

    def _enter(self, administrator: Person, account: AccountPlan) -> Person:
        first = secrets.token_urlsafe(12)
        body: dict[str, Any] = {  # Any: JSON
            "login_name": account.login,
            "display_name": account.display_name,
            "role": account.role.value,
            "password": first,
            "institution_id": self.told.institutions.get(account.institution_code or ""),
        }
        if account.role is Role.THIRD_PARTY_VERIFIER:
            body["valid_until"] = (datetime.now(UTC) + timedelta(days=90)).isoformat()
        if account.role is Role.DEPARTMENT_OFFICER:
            body["department"] = DEPARTMENT
        administrator.call("POST", "/api/v1/accounts", body)
        person = Person(self.url, account.login)
        person.sign_in(first)
        person.change_password(first, account.password)
        return person

    def enter_registry(self) -> None:
        """Licences, places, cameras, agreements, classes, timetables, rosters, sign-ins."""
        officer = self.person(Role.BUREAU_OFFICER)
        for institution in self.plan.institutions:
            base = f"/api/v1/institutions/{self.told.institutions[institution.code]}"
            for q in institution.qualifications:
                days = {"valid_from": q.valid_from.isoformat(), "valid_until": q.valid_until.isoformat()}
                officer.call("POST", f"{base}/qualifications", {"title": q.title, "number": q.number, "issued_by": q.issued_by, **days})
            for point in institution.teaching_points:
                officer.call("POST", f"{base}/teaching-points", {"code": point.code, "name": point.name, "address": point.address})
                for room in point.rooms:
                    body = {"teaching_point": point.code, "code": room.code, "name": room.name, "capacity": room.capacity}
                    officer.call("POST", f"{base}/rooms", body)
                    for camera in room.cameras:
                        seen = {"room": room.code, "code": camera.code, "name": camera.name, "serial": camera.serial}
                        officer.call("POST", f"{base}/cameras", seen)
            for a in institution.agreements:
                officer.call(
                    "POST",
                    f"{base}/agreements",
                    {
                        "number": a.number,
                        "year": a.year,
                        "category": a.category.value,
                        "task_persons": a.task_persons,
                        "signed_on": a.signed_on.isoformat(),
                        "valid_from": a.valid_from.isoformat(),
                        "valid_until": a.valid_until.isoformat(),
                        "teaching_points": list(a.locations),
                    },
                )
            for group in institution.classes:
                self._enter_class(officer, base, institution, group)
        self.say("机构、教学点、摄像机、协议、班级、课表、花名册、签到 · registry, timetable, rosters, sign-ins")

    def _enter_class(self, officer: Person, base: str, institution: InstitutionPlan, group: ClassPlan) -> None:
        officer.call(
            "POST",
            f"{base}/classes",
            {
                "agreement": group.agreement_number,
                "code": group.code,
                "trade": group.trade,
                "department": group.department,
                "starts_on": group.starts_on.isoformat(),
                "ends_on": group.ends_on.isoformat(),
            },
        )
        lessons = [
            {
                "on": lesson.on.isoformat(),
                "number": lesson.number,
                "begins": lesson.starts_at.strftime("%H:%M"),
                "ends": lesson.ends_at.strftime("%H:%M"),
                "room": lesson.room_code,
                "teacher": lesson.teacher,
                "topic": lesson.topic,
            }
            for lesson in group.lessons
        ]
        officer.call("POST", f"/api/v1/classes/{group.code}/timetable", {"lessons": lessons})
        operator = self.person(Role.INSTITUTION_OPERATOR, institution.code)
        operator.call("POST", f"/api/v1/classes/{group.code}/roster", files={"sheet": ("花名册.xlsx", roster_sheet(group))})
        signs = [
            {
                "lesson": lesson.natural_id,
                "id_number": sign.id_number,
                "signed_in_at": sign.signed_in_at.isoformat(),
                "signed_out_at": sign.signed_out_at.isoformat(),
                "device": sign.device,
            }
            for lesson in group.lessons
            for sign in lesson.signs
        ]
        for start in range(0, len(signs), 500):
            operator.call("POST", "/api/v1/signs", {"records": signs[start : start + 500]})

    def send_recordings(self, files: Iterable[Delivered]) -> None:
        """Each institution's agent sends its files as they come; a repeat after its original is locked, so that it is clear which came first."""
        keys = {i.code: self._agent_key(i.code) for i in self.plan.institutions if any(True for _ in i.footage)}
        with ThreadPoolExecutor(max_workers=2) as pool:  # takes its work in order: an original is never behind its repeat
            sending = [pool.submit(self._send, keys[one.institution], one) for one in files]
        for one_sent in sending:
            one_sent.result()

    def _agent_key(self, code: str) -> str:
        head = self.person(Role.INSTITUTION_HEAD, code)
        made = head.call("POST", "/api/v1/keys", {"name": "上传客户端", "scopes": ["upload:write", "upload:read"]})
        return str(made["secret"])

    def _send(self, key: str, one: Delivered) -> None:
        if one.repeats:
            self.await_locks({(one.institution, one.repeats)})
        with Agent(self.url, key, 3) as agent:
            self.told.sent[one.institution, one.file_name] = agent.send(one.path)

    def await_locks(self, wanted: Collection[tuple[str, str]], going_on: Callable[[], object] = lambda: None) -> None:
        """Until all of (institution, file name) are sent, verified, locked and receipted. `going_on` raises when there is nothing to wait for.

        Raises: Refused — one was refused, or nothing happened for `LOCK_TIMEOUT_S`.
        """
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        officer = self.person(Role.BUREAU_OFFICER)
        waiting = set(wanted)
        while waiting and time.monotonic() < deadline:
            going_on()
            for name in waiting & self.told.sent.keys():
                found = officer.call("GET", f"/api/v1/recordings/{self.told.sent[name].recording_id}")
                if found["state"] in ("rejected", "integrity-alarm"):
                    raise Refused(409, found["reason"], found["file_name"])
                if found["state"] == "retained" and found["receipt"]:
                    waiting.discard(name)
                    deadline = time.monotonic() + LOCK_TIMEOUT_S
            time.sleep(0.5)
        if waiting:
            raise Refused(504, "not-locked", f"{len(waiting)} recordings are not locked, and nothing happened for {LOCK_TIMEOUT_S} s")

    def explain_a_gap(self) -> None:
        """The careless institution explains its gap; the bureau accepts."""
        operator, officer = self.person(Role.INSTITUTION_OPERATOR, "GX002"), self.person(Role.BUREAU_OFFICER)
        mine = operator.call("GET", "/api/v1/coverage")
        line = max((c for c in mine if c["proven_s"] and c["missing_s"]), key=lambda c: c["missing_s"])
        gap = max(line["missing"], key=lambda s: s["seconds"])
        body = {"start_at": gap["start_at"], "end_at": gap["end_at"], "cause": "power-cut", "text": "供电所计划检修停电，附停电通知。"}
        told = operator.call("POST", f"/api/v1/slots/{line['slot_id']}/explanations", body)
        decided = officer.call("POST", f"/api/v1/explanations/{told['id']}/decision", {"accept": True, "reason": "停电通知属实。"})
        self.told.explanation = {**decided, "seconds": gap["seconds"], "slot": line["natural_id"]}
        self.say("缺失说明一份，已认可 · one gap explained and accepted")

    def draw(self) -> None:
        """Plan, freeze, two shares, public value, draw, recusal, inspectors."""
        officer, leader, legal = self.person(Role.BUREAU_OFFICER), self.person(Role.BUREAU_LEADER), self.person(Role.LEGAL_OFFICER)
        known_at = datetime.now(UTC) + timedelta(seconds=PUBLIC_VALUE_S)
        planned = officer.call(
            "POST",
            "/api/v1/draws",
            {
                "title": "按比例抽查（演示）",
                "period_starts_on": (self.plan.today - timedelta(days=7)).isoformat(),
                "period_ends_on": self.plan.drawn_until.isoformat(),
                "public_source": "演示公共值：抽签当日约定数字",
                "public_at": known_at.isoformat(),
            },
        )
        code = self.told.round_code = planned["code"]
        officer.call("POST", f"/api/v1/draws/{code}/freeze")
        shares = {"古县人社局": (leader, secrets.token_bytes(32)), "派驻纪检监察组": (legal, secrets.token_bytes(32))}
        for party, (person, value) in shares.items():
            commitment = hashlib.sha256(party.encode() + b"\x00" + value).hexdigest()
            person.call("POST", f"/api/v1/draws/{code}/commitments", {"party": party, "commitment": commitment})
        time.sleep(max(0.0, (known_at - datetime.now(UTC)).total_seconds()) + 0.2)
        for party, (person, value) in shares.items():
            person.call("POST", f"/api/v1/draws/{code}/reveals", {"party": party, "value": value.hex()})
        officer.call("POST", f"/api/v1/draws/{code}/public-value", {"value": f"{secrets.randbelow(10**6):06d}"})
        self.told.tickets = officer.call("POST", f"/api/v1/draws/{code}/draw")
        recused = next(a for a in self.accounts if a.role is Role.INSPECTOR)
        officer.call(
            "POST",
            "/api/v1/recusals",
            {
                "inspector_login": recused.login,
                "institution_id": self.told.institutions["GX001"],
                "reason": "近亲属在该机构任职",
                "from_on": (self.plan.today - timedelta(days=30)).isoformat(),
            },
        )
        self.told.assignments = officer.call("POST", f"/api/v1/draws/{code}/assign")
        self.told.published = officer.call("GET", f"/api/v1/draws/{code}.json")
        self.say(f"抽签 {code}：{len(self.told.tickets)} 课次，检查员随机确定并回避 · drawn, with recusal")

    def review(self, line: dict[str, Any]) -> None:  # Any: JSON
        """The inspector of the assignment `line` really fetches the copy, plays it at eight times and records a finding; a second one, drawn at
        once and blind to the first, does the same, and the finding is confirmed.
        """
        first = self.people[line["inspector"]]
        self.say(f"审看副本就绪，{line['natural_id']} 开始审看 · the first copy is ready and is watched at eight times in real time")
        self.told.finding, judged = look(first, line["id"])
        second, task = self._second_look(line["natural_id"], first)
        self.say("盲复核任务已抽定 · a second inspector is drawn, blind to the first look")
        look(second, task)
        finding = self._settled(self.told.finding["code"])
        self.told.finding = finding | {"watched_s": judged["watched_s"], "required_watch_s": judged["required_watch_s"]}
        self.say(f"审看 {line['natural_id']}：实看 {judged['watched_s']} 秒，问题 {finding['code']} 经盲复核认定 · reviewed twice, finding confirmed")

    def first_ready(self) -> dict[str, Any]:  # Any: JSON
        """The drawn lesson whose copy opens first: how long one takes depends on its film. Raises: Refused — none after ten minutes."""
        for _ in range(2000):
            for line in self.told.assignments:
                items = self.people[line["inspector"]].call("GET", f"/api/v1/assignments/{line['id']}")["items"]
                if any(item["clip_state"] == "ready" for item in items):
                    return line
            time.sleep(0.3)
        raise Refused(504, "clip-not-ready", "/api/v1/assignments")

    def _second_look(self, natural_id: str, first: Person) -> tuple[Person, str]:
        """Who was drawn for the blind second look, and the task, as that person finds it among the others."""
        others = [self.people[a.login] for a in self.accounts if a.role is Role.INSPECTOR and self.people[a.login] is not first]
        for _ in range(1200):
            for person in others:
                for task in person.call("GET", "/api/v1/assignments"):
                    if task["natural_id"] == natural_id:
                        return person, task["id"]
            time.sleep(0.5)
        raise Refused(504, "no-second-look", natural_id)

    def _settled(self, code: str) -> dict[str, Any]:  # Any: JSON
        """The finding once the looks have decided it."""
        for _ in range(1200):
            found: dict[str, Any] = next(f for f in self.person(Role.BUREAU_OFFICER).call("GET", "/api/v1/findings") if f["code"] == code)
            if found["state"] == "confirmed":
                return found
            time.sleep(0.5)
        raise Refused(504, "not-settled", code)

    def try_what_is_forbidden(self) -> None:
        """Another institution's recording, a stranger's play, a write by the auditor: each is refused."""
        foreign = next(s.recording_id for (code, _), s in self.told.sent.items() if code == "GX001")
        attempts = {
            "other-institution": (self.person(Role.INSTITUTION_OPERATOR, "GX003"), "GET", f"/api/v1/recordings/{foreign}", None),
            "institution-reads-assignments": (self.person(Role.INSTITUTION_OPERATOR, "GX003"), "GET", "/api/v1/assignments", None),
            "auditor-writes": (self.person(Role.AUDITOR), "POST", f"/api/v1/draws/{self.told.round_code}/void", {"reason": "试试看"}),
        }
        for name, (person, method, path, body) in attempts.items():
            try:
                person.call(method, path, body)
            except Refused as refused:
                if refused.status in (403, 404):
                    self.told.refused.append(name)
        self.say(f"越权尝试 {len(self.told.refused)}/{len(attempts)} 被拒 · forbidden acts refused")

    def read_coverage(self) -> None:
        """The ledger as the bureau sees it at the end."""
        self.told.coverage = self.person(Role.BUREAU_OFFICER).call("GET", "/api/v1/coverage")

    def judge(self) -> None:
        """The cheating one's exit case up to the notice; the careless one's information item; the year's ratings; the honest one's reward; repair
        of the careless one, open; the public list.
        """
        told, today = self.told.judged, self.plan.today
        officer, second, leader = self.person(Role.BUREAU_OFFICER), self.person(Role.BUREAU_OFFICER, nth=1), self.person(Role.BUREAU_LEADER)
        heads = {code: self.person(Role.INSTITUTION_HEAD, code) for code in ("GX001", "GX002")}
        exit_case(told, officer, self.person(Role.LEGAL_OFFICER), self.told.institutions["GX003"], today)
        self.say(f"退出案件 {told.case['code']}：证据固定、法制审核、事先告知 · exit case at the notice stage")
        information_item(told, officer, second, heads["GX002"], leader, "GX002", today)
        self.say(f"信用信息 {told.item}：附修复告知，认定并公示 · information item with its repair page, published")
        ratings(told, officer, leader, heads, (today - timedelta(days=1)).year)
        self.say(
            "信用评价：" + "，".join(f"{code} {one['tier'] or '–'} {one['state']}" for code, one in told.ratings.items()) + " · ratings of the year"
        )
        rewards(told, officer, {code: self.told.institutions[code] for code in heads}, NEW_TASK_PERSONS, today.year + 1)
        self.say("守信激励：" + "，".join(f"{code} {said}" for code, said in told.tasks.items()) + " · the new task goes to whom it may")
        repair(told, heads["GX002"], second, room_picture(self.plan, "GX002"))
        self.say(f"信用修复 {told.item}：已申请、已受理，待另一人核实 · repair open")
        public_list(told, self.url)
        self.say("公开目录已更新 · the public list shows it")


def room_picture(plan: DemoPlan, code: str) -> bytes:
    """What a camera of the institution sees, as a JPEG."""
    film = next(f.source for i in plan.institutions if i.code == code for f in i.footage if isinstance(f.source, Film))
    done, jpeg = cv2.imencode(".jpg", middle_of(film))
    assert done  # noqa: S101 - a whole picture can be written
    return jpeg.tobytes()


def roster_sheet(group: ClassPlan) -> bytes:
    """A roster as clerks keep it: a banner over the headings."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has one
    sheet.append([f"{group.trade} 花名册"])
    sheet.append(["序号", "姓名", "身份证号", "人员类别", "联系电话"])
    for number, trainee in enumerate(group.trainees, start=1):
        sheet.append([number, trainee.name, trainee.id_number, trainee.group, trainee.phone])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def credits_of(plan: DemoPlan) -> list[str]:
    """Sources of real clips; they must be shown wherever the clips are."""
    return sorted({f.source.credit for i in plan.institutions for f in i.footage if isinstance(f.source, RealClip)})
