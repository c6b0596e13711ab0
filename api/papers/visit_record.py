"""现场检查记录 as PDF: what two or more inspectors found on the spot, with the hashes of what they photographed and signed. R54, R56."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from api.papers.paper import Paper
from api.papers.receipt import digest_text
from storage.kernel.clock import BUREAU_ZONE
from supervision.institutions.models import Institution, Room
from supervision.sampling.models import DrawRound
from supervision.spotchecks.checklists import Answer
from supervision.visits import queries
from supervision.visits.checklist import ITEMS, Group
from supervision.visits.models import PlaceState, Visit, VisitMember, VisitPhoto

TITLE: Final = "现场检查记录"
GROUPS: Final = {
    Group.LESSON: "授课",
    Group.PEOPLE: "人员",
    Group.PREMISES: "师资和实操设备",
    Group.CAMERAS: "视频监控",
    Group.SAFETY: "安全",
    Group.RECORDS: "档案和宣传",
}
ANSWERS: Final = {Answer.YES: "是", Answer.NO: "否", Answer.CANNOT_TELL: "无法判断", Answer.NOT_APPLICABLE: "不适用"}
PLACES: Final = {PlaceState.REFUSED: "未授权定位", PlaceState.UNAVAILABLE: "无法定位"}


def render_record(session: Session, visit: Visit) -> bytes:
    """The paper of a signed visit. Raises: ValueError — it is not signed."""
    if visit.signed_at is None or visit.record_sha256 is None or visit.opened_at is None:
        raise ValueError(visit.code)
    institution, room = session.get_one(Institution, visit.institution_id), session.get_one(Room, visit.room_id)
    team = queries.members(session, visit.id)
    name = {m.id: m.inspector_name for m in queries.members(session, visit.id, all_=True)}
    paper = Paper(TITLE, visit.code, visit.signed_at)
    paper.facts(
        [
            ("抽查轮次", session.get_one(DrawRound, visit.round_id).code),
            ("被检查单位", f"{institution.name}（{institution.code}）"),
            ("课次与地点", f"{visit.natural_id}　{room.name}"),
            ("检查时间", f"{_instant(visit.opened_at)} 至 {_instant(visit.signed_at)}"),
            *[("检查人员" + ("（组长）" if m.is_lead else ""), f"{m.inspector_name}　到场 {_there(m)}") for m in team],
        ]
    )
    given = queries.standing(queries.answers(session, visit.id))
    photos = queries.photos(session, visit.id)
    for group, words in GROUPS.items():
        paper.heading(words)
        for item in (i for i in ITEMS if i.group is group and i.code in given):
            answer = given[item.code]
            count = sum(p.item == item.code for p in photos)
            said = ANSWERS[answer.answer] + (f"。{answer.note}" if answer.note else "") + (f"（照片{count}张）" if count else "")
            paper.facts([(ANSWERS[answer.answer], f"{item.zh}（{item.clause}）"), ("", f"{said}　{name[answer.member_id]}")])
    if photos:
        paper.heading("照片")
        question = {item.code: item.zh for item in ITEMS}
        paper.facts(
            [
                (f"照片{number}", f"{question[p.item]}　{_instant(p.taken_at)}（设备时间）　{_place(p)}　{digest_text(p.sha256.hex())}")
                for number, p in enumerate(photos, start=1)
            ]
        )
    paper.heading("签字")
    signed = {s.member_id: s for s in queries.signatures(session, visit.id) if s.record_sha256 == visit.record_sha256}
    paper.facts(
        [
            (m.inspector_name, _instant(signed[m.id].at) + (f"　保留意见：{signed[m.id].note}" if signed[m.id].note else ""))
            for m in team
            if m.id in signed
        ]
    )
    paper.gap(4)
    paper.paragraph(
        f"本记录的校验值（SHA-256）：{digest_text(visit.record_sha256.hex())}。全体检查人员签的是同一校验值，已记入只增不改的日志。"
        "照片时间和位置为设备所报，照片文件内自带的信息不作为依据。",
        size=8.5,
    )
    return paper.pdf()


def _instant(at: datetime) -> str:
    return f"{at.astimezone(BUREAU_ZONE):%Y年%m月%d日 %H:%M}"


def _there(member: VisitMember) -> str:
    return f"{_instant(member.present_at)}　{_place(member)}" if member.present_at else "—"


def _place(row: VisitMember | VisitPhoto) -> str:
    if row.latitude_udeg is None or row.longitude_udeg is None:
        return PLACES.get(row.place, "") if row.place else ""
    return f"北纬{row.latitude_udeg / 1e6:.5f}° 东经{row.longitude_udeg / 1e6:.5f}°（±{row.accuracy_m}米）"
