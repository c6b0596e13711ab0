"""Invented people of the demo. Identity numbers have a right check digit and an area code that no place has; phone numbers no operator gives out."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from api.demo.plan import SignPlan, TraineePlan
from storage.kernel.identity import check_digit

NO_AREA: Final = "998801"  # GB/T 2260 has no division beginning with 99
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN: Final = (
    "建国",
    "秀英",
    "志强",
    "桂花",
    "海燕",
    "晓东",
    "丽娟",
    "永红",
    "春梅",
    "文斌",
    "雪莲",
    "国庆",
    "巧云",
    "立新",
    "红霞",
    "俊杰",
    "玉兰",
    "振华",
    "小芳",
    "艳玲",
    "保平",
    "彩虹",
    "向阳",
    "爱民",
    "凤琴",
    "晋生",
    "瑞芳",
    "拴柱",
    "改梅",
    "志远",
)
GROUPS: Final = ("农村转移劳动者", "登记失业人员", "脱贫劳动力", "毕业年度高校毕业生", "灵活就业人员", "零工市场求职人员")


def trainees(seed: int, count: int) -> tuple[TraineePlan, ...]:
    """`count` (≤ 99 per seed) different people; `seed` 0..9 keeps classes apart."""
    random = Random(f"trainees/{seed}")  # noqa: S311 — the same invented people in every run
    people = []
    for index in range(count):
        born_on = date(1968, 1, 1) + timedelta(days=random.randrange(36 * 365))
        first_17 = f"{NO_AREA}{born_on:%Y%m%d}{seed}{index + 1:02d}"
        name = random.choice(SURNAMES) + random.choice(GIVEN)
        people.append(TraineePlan(name, first_17 + check_digit(first_17), random.choice(GROUPS), f"100{seed:02d}{random.randrange(10**6):06d}"))
    return tuple(people)


def honest_signs(seed: str, present: Sequence[TraineePlan], starts_at: datetime, ends_at: datetime) -> tuple[SignPlan, ...]:
    """People come within a quarter of an hour and leave within a few minutes, each with their own telephone."""
    random = Random(f"signs/{seed}")  # noqa: S311 — the same minutes in every run
    return tuple(
        SignPlan(
            person.id_number,
            starts_at - timedelta(seconds=random.randrange(20, 900)),
            ends_at + timedelta(seconds=random.randrange(5, 400)),
            f"手机-{person.id_number[-4:]}",
        )
        for person in present
    )


def batch_signs(claimed: Sequence[TraineePlan], starts_at: datetime, ends_at: datetime) -> tuple[SignPlan, ...]:
    """One telephone signs everybody in, two seconds apart (F-02)."""
    return tuple(
        SignPlan(person.id_number, starts_at - timedelta(seconds=180 - 2 * at), ends_at + timedelta(seconds=30 + 2 * at), "手机-0001")
        for at, person in enumerate(claimed)
    )
