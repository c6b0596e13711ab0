"""Import a roster (花名册) and sign-in records (签到签退) as clerks keep them: every bad row at once, nothing half-imported. R15, R74, R75."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.identity import IdentityNumber, IdentityNumberInvalid, identity_sealer, masked, matching_hash, parse_identity_number
from storage.ledger import service as ledger
from supervision.classes.errors import DefectiveSheet
from supervision.classes.models import Enrolment, Lesson, SignRecord, Trainee, TrainingClass
from supervision.classes.sheets import Defect, SheetRow, read_sheet

ROSTER_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "name": ("姓名", "学员姓名", "name"),
    "id_number": ("身份证号", "身份证号码", "公民身份号码", "证件号码", "id number", "id_number"),
    "group": ("人员类别", "学员类别", "培训对象类别", "group"),
    "phone": ("联系电话", "手机号", "手机号码", "电话", "phone"),
}
SIGN_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "id_number": ROSTER_COLUMNS["id_number"],
    "lesson": ("课次", "课次编号", "lesson"),
    "signed_in": ("签到时间", "签到", "sign in", "signed_in_at"),
    "signed_out": ("签退时间", "签退", "sign out", "signed_out_at"),
    "device": ("设备", "签到设备", "device"),
}


@dataclass(frozen=True, slots=True)
class RosterLine:
    name: str
    number: IdentityNumber
    group: str
    phone_masked: str


@dataclass(frozen=True, slots=True)
class Imported:
    """`added` new rows, `known` rows that stood there already and were left as they are."""

    added: int
    known: int


def read_roster(file_name: str, data: bytes) -> list[RosterLine]:
    """Parse and check a roster sheet. Pure. Raises: UnreadableSheet; DefectiveSheet — all bad cells of all rows."""
    rows = read_sheet(file_name, data, ROSTER_COLUMNS, ("name", "id_number"))
    defects: list[Defect] = []
    seen: dict[str, int] = {}
    lines: list[RosterLine] = []
    if not rows:
        defects.append(Defect(1, ROSTER_COLUMNS["name"][0], "sheet-empty"))
    for row in rows:
        name, number = row.cells["name"], None
        if not name:
            defects.append(Defect(row.number, "姓名", "cell-empty"))
        elif len(name) > 50:
            defects.append(Defect(row.number, "姓名", "cell-too-long", name[:20]))
        number = identity_number(row, defects)
        if number is None:
            continue
        if number.value in seen:
            defects.append(Defect(row.number, "身份证号", "repeats-a-row", number.masked, seen[number.value]))
        seen.setdefault(number.value, row.number)
        lines.append(RosterLine(name, number, row.cells.get("group", "")[:50], _masked_phone(row.cells.get("phone", ""))))
    if defects:
        raise DefectiveSheet(errors=[d.as_dict() for d in defects])
    return lines


def _masked_phone(text: str) -> str:
    digits = "".join(c for c in text if c.isdigit())
    return masked(digits) if digits else ""


def identity_number(row: SheetRow, defects: list[Defect]) -> IdentityNumber | None:
    """The identity number of a row, or a defect that shows it masked."""
    text = row.cells.get("id_number", "")
    if not text:
        defects.append(Defect(row.number, "身份证号", "cell-empty"))
        return None
    try:
        return parse_identity_number(text)
    except IdentityNumberInvalid as wrong:
        # a spreadsheet that took the number for a figure shows 1.42626E+17 or ends in 000
        lost = "E+" in text.upper() or (len(text) == 18 and text.endswith("000"))
        code = "id-number-lost-digits" if lost else f"id-number-{wrong.facts['why']}"
        defects.append(Defect(row.number, "身份证号", code, masked(text)))
        return None


def import_roster(
    session: Session, training_class: TrainingClass, lines: Sequence[RosterLine], *, master_key: bytes, actor: Actor, at: datetime
) -> Imported:
    """Enrol everybody on the sheet; whoever is enrolled already stays as they are."""
    sealer = identity_sealer(master_key)
    tenant = training_class.institution_id
    hashes = {matching_hash(line.number, master_key): line for line in lines}
    insertion = insert(Trainee).values(
        [
            {
                "institution_id": tenant,
                "name": line.name,
                "id_number_hash": digest,
                "id_number_cipher": sealer.seal(line.number.value.encode(), f"trainee/{tenant}/{digest.hex()}"),
                "id_number_masked": line.number.masked,
            }
            for digest, line in hashes.items()
        ]
    )
    session.execute(insertion.on_conflict_do_nothing(index_elements=["institution_id", "id_number_hash"]))
    people = session.execute(
        select(Trainee.id, Trainee.id_number_hash).where(Trainee.institution_id == tenant, Trainee.id_number_hash.in_(list(hashes)))
    ).all()
    enrolling = insert(Enrolment).values(
        [
            {
                "institution_id": tenant,
                "class_id": training_class.id,
                "trainee_id": person.id,
                "trainee_group": hashes[person.id_number_hash].group,
                "phone_masked": hashes[person.id_number_hash].phone_masked,
            }
            for person in people
        ]
    )
    added = len(session.execute(enrolling.on_conflict_do_nothing(index_elements=["class_id", "trainee_id"]).returning(Enrolment.id)).all())
    facts = {"class": training_class.code, "rows": len(lines), "added": added, "people": sorted(h.hex()[:16] for h in hashes)}
    ledger.append(session, actor=actor, at=at, action="class.roster-imported", subject=f"class/{training_class.code}", tenant=tenant, body=facts)
    return Imported(added, len(people) - added)


@dataclass(frozen=True, slots=True)
class SignLine:
    """One sign-in; `row` is where it came from (sheet row, or place in the API's list, from 1)."""

    row: int
    lesson: str
    number: IdentityNumber
    signed_in_at: datetime
    signed_out_at: datetime | None
    device: str


def read_sign_sheet(file_name: str, data: bytes) -> list[SignLine]:
    """Parse a sheet of sign-ins. Pure. Raises: UnreadableSheet; DefectiveSheet."""
    rows = read_sheet(file_name, data, SIGN_COLUMNS, ("id_number", "lesson", "signed_in"))
    defects: list[Defect] = []
    lines: list[SignLine] = []
    if not rows:
        defects.append(Defect(1, SIGN_COLUMNS["lesson"][0], "sheet-empty"))
    for row in rows:
        number = identity_number(row, defects)
        signed_in = _instant(row, "signed_in", "签到时间", defects, required=True)
        signed_out = _instant(row, "signed_out", "签退时间", defects, required=False)
        lesson = row.cells["lesson"]
        if not lesson:
            defects.append(Defect(row.number, "课次", "cell-empty"))
        if signed_in and signed_out and signed_out <= signed_in:
            defects.append(Defect(row.number, "签退时间", "sign-out-before-sign-in", row.cells["signed_out"]))
        if number is not None and signed_in is not None and lesson:
            lines.append(SignLine(row.number, lesson, number, signed_in, signed_out, row.cells.get("device", "")[:100]))
    if defects:
        raise DefectiveSheet(errors=[d.as_dict() for d in defects])
    return lines


def _instant(row: SheetRow, name: str, heading: str, defects: list[Defect], *, required: bool) -> datetime | None:
    text = row.cells.get(name, "")
    if not text:
        if required:
            defects.append(Defect(row.number, heading, "cell-empty"))
        return None
    for shape in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y年%m月%d日 %H:%M"):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=BUREAU_ZONE)
        except ValueError:
            continue
    defects.append(Defect(row.number, heading, "not-a-time", text[:40]))
    return None


def record_signs(
    session: Session, tenant: UUID, lines: Sequence[SignLine], *, source: str, master_key: bytes, actor: Actor, at: datetime
) -> Imported:
    """Record sign-ins of an institution's lessons. A repeated one may add the sign-out, never change what stands.

    Raises: DefectiveSheet — unknown lesson, somebody not on the roster or twice in a lesson, a time on another day; nothing is recorded then.
    """
    lessons = {
        row.natural_id: row
        for row in session.execute(
            select(Lesson.id, Lesson.natural_id, Lesson.class_id, Lesson.starts_at, Lesson.ends_at).where(
                Lesson.institution_id == tenant, Lesson.natural_id.in_({line.lesson for line in lines})
            )
        )
    }
    hashes = {line.number.value: matching_hash(line.number, master_key) for line in lines}
    enrolled = {
        (row.class_id, row.id_number_hash): row.trainee_id
        for row in session.execute(
            select(Enrolment.class_id, Trainee.id_number_hash, Enrolment.trainee_id)
            .join(Trainee, Trainee.id == Enrolment.trainee_id)
            .where(Enrolment.institution_id == tenant, Trainee.id_number_hash.in_(set(hashes.values())))
        )
    }
    defects: list[Defect] = []
    values: dict[tuple[UUID, UUID], dict[str, object]] = {}
    first_rows: dict[tuple[UUID, UUID], int] = {}
    for line in lines:
        lesson = lessons.get(line.lesson)
        if lesson is None:
            defects.append(Defect(line.row, "课次", "lesson-unknown", line.lesson[:60]))
            continue
        trainee_id = enrolled.get((lesson.class_id, hashes[line.number.value]))
        if trainee_id is None:
            defects.append(Defect(line.row, "身份证号", "not-on-roster", line.number.masked))
            continue
        if abs((line.signed_in_at - lesson.starts_at).total_seconds()) > 12 * 3600:
            defects.append(Defect(line.row, "签到时间", "sign-in-another-day", line.signed_in_at.strftime("%Y-%m-%d %H:%M")))
            continue
        first = first_rows.setdefault((lesson.id, trainee_id), line.row)
        if first != line.row:
            defects.append(Defect(line.row, "身份证号", "repeats-a-row", line.number.masked, first))
            continue
        values[(lesson.id, trainee_id)] = {
            "institution_id": tenant,
            "lesson_id": lesson.id,
            "trainee_id": trainee_id,
            "signed_in_at": line.signed_in_at,
            "signed_out_at": line.signed_out_at,
            "device": line.device,
            "source": source,
        }
    if defects:
        raise DefectiveSheet(errors=[d.as_dict() for d in defects])
    if not values:
        return Imported(0, 0)
    insertion = insert(SignRecord).values(list(values.values()))
    done = session.execute(
        insertion.on_conflict_do_update(
            index_elements=["lesson_id", "trainee_id"],
            set_={"signed_out_at": func.coalesce(SignRecord.signed_out_at, insertion.excluded.signed_out_at)},
            where=SignRecord.signed_out_at.is_(None) & insertion.excluded.signed_out_at.is_not(None),
        ).returning(SignRecord.id)
    ).all()
    facts = {"source": source, "lines": len(values), "recorded": len(done), "lessons": sorted(lessons)}
    ledger.append(session, actor=actor, at=at, action="signs.recorded", subject=f"institution/{tenant}", tenant=tenant, body=facts)
    return Imported(len(done), len(values) - len(done))
