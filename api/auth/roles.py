"""Who works with the system (domain.md 1.6, 2.2), and the groups that rules speak of."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """The hat an account wears. One account, one role: a person with two duties has two accounts, so that a log line says which."""

    INSTITUTION_OPERATOR = "institution-operator"  # 机构经办: uploads, explains gaps, keeps the roster
    INSTITUTION_HEAD = "institution-head"  # 机构负责人: answers findings, appeals, manages upload keys
    INSPECTOR = "inspector"  # 检查员: sees what the draw assigned
    BUREAU_OFFICER = "bureau-officer"  # 业务科室: registry, draws, notices
    BUREAU_LEADER = "bureau-leader"  # 分管领导: signs
    LEGAL_OFFICER = "legal-officer"  # 法规: reviews legality of decisions
    DEPARTMENT_OFFICER = "department-officer"  # 行业主管部门: its own classes
    THIRD_PARTY_VERIFIER = "third-party-verifier"  # 第三方核查: time-limited, blind review of a sample
    ADMINISTRATOR = "administrator"  # 系统管理员: accounts and engines, no footage
    AUDITOR = "auditor"  # 审计: reads everything, changes nothing


ROLE_NAMES: Final = {
    Role.INSTITUTION_OPERATOR: {"zh": "机构经办", "en": "institution operator"},
    Role.INSTITUTION_HEAD: {"zh": "机构负责人", "en": "head of institution"},
    Role.INSPECTOR: {"zh": "检查员", "en": "inspector"},
    Role.BUREAU_OFFICER: {"zh": "业务科室", "en": "bureau officer"},
    Role.BUREAU_LEADER: {"zh": "分管领导", "en": "bureau leader"},
    Role.LEGAL_OFFICER: {"zh": "法规", "en": "legal officer"},
    Role.DEPARTMENT_OFFICER: {"zh": "行业主管部门", "en": "department officer"},
    Role.THIRD_PARTY_VERIFIER: {"zh": "第三方核查", "en": "third-party verifier"},
    Role.ADMINISTRATOR: {"zh": "系统管理员", "en": "administrator"},
    Role.AUDITOR: {"zh": "审计", "en": "auditor"},
}

INSTITUTION: Final = frozenset({Role.INSTITUTION_OPERATOR, Role.INSTITUTION_HEAD})
BUREAU: Final = frozenset({Role.INSPECTOR, Role.BUREAU_OFFICER, Role.BUREAU_LEADER, Role.LEGAL_OFFICER})
OFFICERS: Final = frozenset({Role.BUREAU_OFFICER, Role.BUREAU_LEADER})  # who acts for the bureau
REVIEWERS: Final = frozenset({Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER})
OUTSIDE_INSTITUTIONS: Final = frozenset(Role) - INSTITUTION
EVERYBODY: Final = frozenset(Role)


def needs_second_factor(role: Role) -> bool:
    """Everyone who sees more than one institution signs in with a code as well (ASVS 6.3.3)."""
    return role in OUTSIDE_INSTITUTIONS
