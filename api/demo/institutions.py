"""Three invented training institutions of 古县 and an evaluation institution, with a few days of lessons before `today`.

Honest: everything is on tape. Careless: late starts, gaps, a room that is not in the agreement, a lesson without any footage.
Cheating: the same file under another lesson, the same packets in another container, a frozen picture, a covered camera, three people for twenty-four.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from api.demo.cast import batch_signs, honest_signs, trainees
from api.demo.plan import (
    DEPARTMENT,
    AgreementPlan,
    CameraPlan,
    ClassPlan,
    Conduct,
    DemoPlan,
    FootagePlan,
    InstitutionPlan,
    LessonPlan,
    QualificationPlan,
    RealClip,
    Repeat,
    RoomPlan,
    SignPlan,
    TeachingPointPlan,
    TraineePlan,
)
from api.demo.recorder import SUFFIX, Codec, Container, Film
from api.demo.rooms import RoomLook
from api.demo.scenes import SceneOptions
from storage.kernel.clock import BUREAU_ZONE
from supervision.classes.models import Category
from supervision.institutions.models import InstitutionKind

CREAM, SKY, MINT, SAND, LILAC = (214, 226, 230), (226, 222, 208), (205, 222, 214), (196, 214, 228), (224, 212, 218)
GREY_FLOOR, BLUE_FLOOR, BROWN_FLOOR = (150, 160, 166), (140, 130, 120), (120, 140, 150)

A101_LEFT: Final = RoomLook("desks", "green", "left", "right", CREAM, GREY_FLOOR, 101)
A101_RIGHT: Final = replace(A101_LEFT, camera="right")
A102: Final = RoomLook("computers", "white", "right", "left", SKY, BLUE_FLOOR, 102)
B201: Final = RoomLook("workshop", "green", "left", "left", MINT, BROWN_FLOOR, 201)
B901: Final = RoomLook("desks", "white", "right", "left", LILAC, BROWN_FLOOR, 901)
C301: Final = RoomLook("desks", "green", "right", "left", SAND, GREY_FLOOR, 301)
C302: Final = RoomLook("computers", "white", "left", "right", CREAM, BLUE_FLOOR, 302)


def build_plan(today: date, clips: Sequence[RealClip] = ()) -> DemoPlan:
    """The whole story, every lesson before `today`. Same day and clips, same plan."""
    return DemoPlan(today, (_honest(today), _careless(today, clips), _cheating(today), _evaluating(today)))


@dataclass(frozen=True, slots=True)
class _Timetable:
    """Makes the lessons of one class."""

    today: date
    class_code: str
    teacher: str
    people: tuple[TraineePlan, ...]

    def lesson(
        self,
        days_ago: int,
        number: int,
        begins: str,
        minutes: int,
        room_code: str,
        topic: str,
        *,
        absent: int = 0,
        batch: bool = False,
        expects: tuple[str, ...] = (),
    ) -> LessonPlan:
        on = self.today - timedelta(days=days_ago)
        starts_at = datetime.combine(on, time.fromisoformat(begins), BUREAU_ZONE)
        ends_at = starts_at + timedelta(minutes=minutes)
        present = self.people[: len(self.people) - absent]
        signs: tuple[SignPlan, ...]
        signs = batch_signs(present, starts_at, ends_at) if batch else honest_signs(f"{self.class_code}/{on}/{number}", present, starts_at, ends_at)
        return LessonPlan(on, number, self.class_code, room_code, self.teacher, topic, starts_at, ends_at, signs, (), expects)


def _camera(room_code: str, number: int, look: RoomLook) -> CameraPlan:
    return CameraPlan(f"{room_code}-C{number}", f"{room_code[6:]} {number}号机", f"SN{look.seed:04d}{number:03d}", look)


def _seed(lesson: LessonPlan) -> int:
    return lesson.on.toordinal() * 10 + lesson.number


def _film(
    lesson: LessonPlan,
    camera: CameraPlan,
    *,
    from_s: int = 0,
    to_s: int | None = None,
    container: Container = "mp4",
    codec: Codec = "h264",
    fps: int = 1,
    sound: bool = False,
    cuts: tuple[tuple[int, int], ...] = (),
    frozen: tuple[int, int] | None = None,
    people: int | None = None,
    look: RoomLook | None = None,
    covered: bool = False,
) -> FootagePlan:
    """A recording of (part of) a lesson: `from_s` and `to_s` count from its start, `cuts` and `frozen` from the file's."""
    start_at = lesson.starts_at + timedelta(seconds=from_s)
    end_at = lesson.ends_at if to_s is None else lesson.starts_at + timedelta(seconds=to_s)
    scene = SceneOptions(look or camera.look, camera.code, _seed(lesson), len(lesson.signs) if people is None else people, covered=covered)
    film = Film(scene, start_at, end_at, fps, 2 if fps > 1 else 10, codec, container, sound, cuts, frozen)
    return FootagePlan(camera.code, _file_name(camera.code, start_at, SUFFIX[container]), start_at, film)


def _file_name(camera_code: str, start_at: datetime, suffix: str) -> str:
    return f"{camera_code}_{start_at.astimezone(BUREAU_ZONE):%Y%m%d%H%M%S}{suffix}"


def _repeat(lesson: LessonPlan, camera: CameraPlan, original: FootagePlan, container: Container | None = None) -> FootagePlan:
    """An older recording under the name that this lesson's would have."""
    suffix = SUFFIX[container] if container else original.file_name[original.file_name.rindex(".") :]
    return FootagePlan(camera.code, _file_name(camera.code, lesson.starts_at, suffix), lesson.starts_at, Repeat(original.file_name, container))


def _agreement(today: date, code: str, number: int, category: Category, task_persons: int, locations: tuple[str, ...]) -> AgreementPlan:
    start = today - timedelta(days=120)
    return AgreementPlan(
        f"{code}-XY-{start.year}-{number:02d}",
        start.year,
        category,
        task_persons,
        start - timedelta(days=7),
        start,
        start + timedelta(days=300),
        locations,
    )


def _licence(today: date, code: str, title: str = "民办学校办学许可证") -> QualificationPlan:
    return QualificationPlan(title, f"{code}-XK-0001", "古县人力资源和社会保障局", today - timedelta(days=800), today + timedelta(days=900))


def _class(table: _Timetable, agreement: AgreementPlan, trade: str, department: str | None, lessons: Sequence[LessonPlan]) -> ClassPlan:
    ordered = tuple(sorted(lessons, key=lambda lesson: lesson.starts_at))
    return ClassPlan(
        table.class_code,
        agreement.number,
        trade,
        department,
        ordered[0].on - timedelta(days=2),
        table.today + timedelta(days=4),
        table.people,
        ordered,
    )


def _honest(today: date) -> InstitutionPlan:
    code = "GX001"
    left, right, computers = _camera(f"{code}-A101", 1, A101_LEFT), _camera(f"{code}-A101", 2, A101_RIGHT), _camera(f"{code}-A102", 1, A102)
    points = (
        TeachingPointPlan(
            f"{code}-T1", "城东教学点", "古县岳阳镇迎宾路虚构1号",
            (RoomPlan(f"{code}-A101", "101 教室", 30, (left, right)), RoomPlan(f"{code}-A102", "102 机房", 30, (computers,))),
        ),
    )  # fmt: skip
    universal = _agreement(today, code, 1, Category.UNIVERSAL, 120, (f"{code}-T1",))
    order = _agreement(today, code, 2, Category.ORDER, 40, (f"{code}-T1",))
    care = _Timetable(today, f"{code}-{today.year}-01", "田玉梅", trainees(1, 24))
    shop = _Timetable(today, f"{code}-{today.year}-02", "孟凡成", trainees(2, 21))
    evening = care.lesson(3, 1, "18:30", 45, f"{code}-A101", "老年人安全防护", absent=2)
    morning = care.lesson(1, 1, "09:00", 45, f"{code}-A101", "生活照料实务", absent=1)
    photos = shop.lesson(2, 1, "14:00", 45, f"{code}-A102", "商品拍摄与上架", absent=1)
    questions = shop.lesson(1, 1, "16:30", 10, f"{code}-A102", "上机答疑")
    care_lessons = [
        replace(evening, footage=(_film(evening, left, container="ts", sound=True), _film(evening, right))),
        replace(morning, footage=(_film(morning, left, sound=True), _film(morning, right, container="mkv", sound=True))),
    ]
    shop_lessons = [
        replace(
            photos,
            footage=(_film(photos, computers, to_s=60, fps=25, sound=True), _film(photos, computers, from_s=60, container="mp4-tail")),
        ),
        replace(questions, footage=(_film(questions, computers, codec="h265"),)),
    ]
    classes = (_class(care, universal, "养老护理员", None, care_lessons), _class(shop, order, "电子商务师", "古县商务局", shop_lessons))
    return InstitutionPlan(
        code,
        "古县鑫诚职业培训学校",
        InstitutionKind.TRAINING,
        Conduct.HONEST,
        "程立新",
        "袁秀英",
        "古县岳阳镇迎宾路虚构1号",
        (_licence(today, code),),
        points,
        (universal, order),
        classes,
    )


def _careless(today: date, clips: Sequence[RealClip]) -> InstitutionPlan:
    code = "GX002"
    bench, elsewhere = _camera(f"{code}-B201", 1, B201), _camera(f"{code}-B901", 1, B901)
    points = (
        TeachingPointPlan(f"{code}-T1", "城西实训点", "古县岳阳镇滨河西街虚构20号", (RoomPlan(f"{code}-B201", "201 实训室", 26, (bench,)),)),
        TeachingPointPlan(
            f"{code}-T2", "北平镇临时点（未列入协议）", "古县北平镇虚构村委会院内", (RoomPlan(f"{code}-B901", "临时教室", 30, (elsewhere,)),)
        ),
    )
    universal = _agreement(today, code, 1, Category.UNIVERSAL, 90, (f"{code}-T1",))
    table = _Timetable(today, f"{code}-{today.year}-01", "韩保平", trainees(3, 18))
    none = table.lesson(4, 1, "09:00", 60, f"{code}-B201", "果树修剪基础", expects=("missing",))
    short = table.lesson(3, 1, "10:00", 45, f"{code}-B201", "病虫害识别", absent=3, expects=("early-end", "other-view"))
    slices = table.lesson(3, 2, "14:00", 45, f"{code}-B201", "嫁接技术", absent=2, expects=("join",))
    away = table.lesson(2, 1, "14:00", 45, f"{code}-B901", "田间管理", absent=4, expects=("place-not-agreed",))
    late = table.lesson(1, 1, "09:00", 60, f"{code}-B201", "土肥水管理", absent=2, expects=("late-start", "gap"))
    lessons = [
        none,
        replace(short, footage=(_film(short, bench, to_s=27 * 60, look=B901),)),
        replace(slices, footage=(_film(slices, bench, to_s=1347), _film(slices, bench, from_s=1353, container="mp4-tail"))),
        replace(away, footage=(_film(away, elsewhere, container="mkv"),)),
        replace(late, footage=(_film(late, bench, from_s=12 * 60, container="ps", cuts=((18 * 60, 25 * 60 + 30),)),)),
    ]
    if clips:
        real = table.lesson(1, 2, "15:00", 5, f"{code}-B201", "实操片段", expects=("gap", "below-minimum-height"))
        lessons.append(replace(real, footage=_placed(real, bench, clips)))
    return InstitutionPlan(
        code,
        "古县禾苗职业技能培训中心",
        InstitutionKind.TRAINING,
        Conduct.CARELESS,
        "曹永红",
        "曹永红",
        "古县岳阳镇滨河西街虚构20号",
        (_licence(today, code),),
        points,
        (universal,),
        (_class(table, universal, "果树园艺工", DEPARTMENT, lessons),),
    )


def _placed(lesson: LessonPlan, camera: CameraPlan, clips: Sequence[RealClip]) -> tuple[FootagePlan, ...]:
    """Real clips one after another from the lesson's start."""
    placed, at = [], lesson.starts_at
    for clip in clips:
        placed.append(FootagePlan(camera.code, _file_name(camera.code, at, ".mp4"), at, clip))
        at += timedelta(seconds=int(clip.seconds) + 2)
    return tuple(placed)


def _cheating(today: date) -> InstitutionPlan:
    code = "GX003"
    desks, machines = _camera(f"{code}-C301", 1, C301), _camera(f"{code}-C302", 1, C302)
    rooms = (RoomPlan(f"{code}-C301", "301 教室", 30, (desks,)), RoomPlan(f"{code}-C302", "302 机房", 30, (machines,)))
    points = (TeachingPointPlan(f"{code}-T1", "开发区教学点", "古县开发区创业大道虚构7号", rooms),)
    universal = _agreement(today, code, 1, Category.UNIVERSAL, 150, (f"{code}-T1",))
    enterprise = _agreement(today, code, 2, Category.ENTERPRISE, 60, (f"{code}-T1",))
    drivers = _Timetable(today, f"{code}-{today.year}-01", "唐俊杰", trainees(4, 26))
    clerks = _Timetable(today, f"{code}-{today.year}-02", "谢红霞", trainees(5, 24))
    first = drivers.lesson(3, 1, "09:00", 45, f"{code}-C301", "叉车构造", absent=2)
    again = drivers.lesson(2, 1, "09:00", 45, f"{code}-C301", "安全操作规程", absent=1, expects=("same-bytes", "clock-other-time"))
    third = drivers.lesson(1, 1, "09:00", 45, f"{code}-C301", "装卸作业", absent=1, expects=("same-packets", "clock-other-time"))
    covered = clerks.lesson(3, 1, "14:00", 30, f"{code}-C302", "办公软件概述", expects=("covered",))
    frozen = clerks.lesson(2, 1, "14:00", 45, f"{code}-C302", "表格处理", expects=("frozen",))
    empty = clerks.lesson(1, 1, "14:00", 45, f"{code}-C302", "文档排版", batch=True, expects=("few-people", "batch-sign-in"))
    original = _film(first, desks)
    driver_lessons = [
        replace(first, footage=(original,)),
        replace(again, footage=(_repeat(again, desks, original),)),
        replace(third, footage=(_repeat(third, desks, original, "mkv"),)),
    ]
    clerk_lessons = [
        replace(covered, footage=(_film(covered, machines, covered=True),)),
        replace(frozen, footage=(_film(frozen, machines, container="ts", frozen=(300, 2400)),)),
        replace(empty, footage=(_film(empty, machines, container="mkv", people=3),)),
    ]
    classes = (_class(drivers, universal, "叉车司机", None, driver_lessons), _class(clerks, enterprise, "办公文员", None, clerk_lessons))
    return InstitutionPlan(
        code,
        "古县宏图达职业培训学校",
        InstitutionKind.TRAINING,
        Conduct.CHEATING,
        "傅振华",
        "冯志强",
        "古县开发区创业大道虚构7号",
        (_licence(today, code),),
        points,
        (universal, enterprise),
        classes,
    )


def _evaluating(today: date) -> InstitutionPlan:
    return InstitutionPlan(
        "GX101",
        "古县公信职业技能评价站",
        InstitutionKind.EVALUATION,
        Conduct.EVALUATING,
        "沈文斌",
        "许桂花",
        "古县岳阳镇文昌路虚构3号",
        (_licence(today, "GX101", "职业技能等级认定备案证"),),
    )
