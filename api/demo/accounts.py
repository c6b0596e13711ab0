"""Demo accounts: at least one per role, operator and head of each institution that trains, two officers and two leaders for four eyes."""

import secrets
from typing import Final

from api.auth.roles import Role
from api.demo.plan import AccountPlan

PEOPLE: Final[tuple[tuple[str, str, Role, str | None], ...]] = (
    ("xincheng", "鑫诚 · 教务 梁晓燕", Role.INSTITUTION_OPERATOR, "GX001"),
    ("xincheng.head", "鑫诚 · 校长 程立新", Role.INSTITUTION_HEAD, "GX001"),
    ("hemiao", "禾苗 · 教务 曹春梅", Role.INSTITUTION_OPERATOR, "GX002"),
    ("hemiao.head", "禾苗 · 校长 曹建国", Role.INSTITUTION_HEAD, "GX002"),
    ("hongtuda", "宏图达 · 教务 傅国庆", Role.INSTITUTION_OPERATOR, "GX003"),
    ("hongtuda.head", "宏图达 · 校长 傅永康", Role.INSTITUTION_HEAD, "GX003"),
    ("inspector.1", "检查员 许文斌", Role.INSPECTOR, None),
    ("inspector.2", "检查员 沈雪莲", Role.INSPECTOR, None),
    ("inspector.3", "检查员 孟庆云", Role.INSPECTOR, None),
    ("bureau", "培训科 袁海燕", Role.BUREAU_OFFICER, None),
    ("bureau.2", "培训科 韩志敏", Role.BUREAU_OFFICER, None),
    ("leader", "分管领导 邓振华", Role.BUREAU_LEADER, None),
    ("leader.2", "局长 裴国栋", Role.BUREAU_LEADER, None),
    ("legal", "法规科 吕瑞芳", Role.LEGAL_OFFICER, None),
    ("department", "农业农村局 彭向阳", Role.DEPARTMENT_OFFICER, None),
    ("verifier", "第三方核查 于艳玲", Role.THIRD_PARTY_VERIFIER, None),
    ("admin", "系统管理员 董志远", Role.ADMINISTRATOR, None),
    ("auditor", "审计 萧玉兰", Role.AUDITOR, None),
)


def demo_accounts() -> tuple[AccountPlan, ...]:
    """Accounts with fresh random passwords (about 95 bits each)."""
    return tuple(AccountPlan(login, name, role, institution, secrets.token_urlsafe(12)) for login, name, role, institution in PEOPLE)
