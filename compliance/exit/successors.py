"""Does an excluded institution come back under another name? What each registered institution shares with one that is out. F-29; R43, R47, R53. Pure.

A lead with what it rests on: two schools may rent the same house and two people may have one name. It forbids nothing and decides nothing; whoever
asks for an agreement is looked at by a person before it is signed.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID


class Trait(StrEnum):
    """What two institutions may have in common; the strong ones first."""

    LEGAL_REPRESENTATIVE = "legal-representative"  # 法定代表人 of the one is legal representative or principal of the other
    CAMERA = "camera"  # 摄像机序列号
    ACCOUNT = "account"  # 收款账户: payee and mask of the account, as claims name them
    PRINCIPAL = "principal"  # 校长 of the one is principal or legal representative of the other
    ADDRESS = "address"  # 地址 of the institution or of a teaching point
    TEACHERS = "teachers"  # 教师


STRONG: Final = frozenset({Trait.LEGAL_REPRESENTATIVE, Trait.CAMERA, Trait.ACCOUNT})


@dataclass(frozen=True, slots=True)
class SuccessorRule:
    """From where on a pair is told (`exit.yaml`)."""

    successor_strong_count: int  # so many strong traits are enough
    successor_any_count: int  # or so many of any kind
    successor_teachers_count: int  # teachers count as a trait from so many common names


@dataclass(frozen=True, slots=True)
class Known:
    """What the registers say of one institution."""

    institution_id: UUID
    legal_representative: str
    principal: str
    addresses: frozenset[str] = frozenset()
    cameras: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    teachers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shared:
    """One trait and what exactly is the same, as the excluded institution has it."""

    trait: Trait
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """`out` is excluded, `other` is not."""

    out: UUID
    other: UUID
    shared: tuple[Shared, ...]

    @property
    def strong(self) -> int:
        """How many strong traits there are."""
        return sum(one.trait in STRONG for one in self.shared)


def links(out: Iterable[Known], others: Sequence[Known], rule: SuccessorRule) -> list[Link]:
    """Every pair that shares enough, those with the most in common first."""
    found = [Link(one.institution_id, other.institution_id, shared(one, other, rule)) for one in out for other in others]
    told = [link for link in found if link.strong >= rule.successor_strong_count or len(link.shared) >= rule.successor_any_count]
    return sorted(told, key=lambda link: (-link.strong, -len(link.shared), str(link.out), str(link.other)))


def shared(out: Known, other: Known, rule: SuccessorRule) -> tuple[Shared, ...]:
    """The traits of a pair, in their order. Spaces, width and case of letters make no difference; what is empty is nothing in common."""
    people = {other.legal_representative, other.principal}
    pairs: dict[Trait, tuple[Iterable[str], Iterable[str], int]] = {
        Trait.LEGAL_REPRESENTATIVE: ({out.legal_representative}, people, 1),
        Trait.CAMERA: (out.cameras, other.cameras, 1),
        Trait.ACCOUNT: (out.accounts, other.accounts, 1),
        Trait.PRINCIPAL: ({out.principal}, people, 1),
        Trait.ADDRESS: (out.addresses, other.addresses, 1),
        Trait.TEACHERS: (out.teachers, other.teachers, rule.successor_teachers_count),
    }
    return tuple(
        Shared(trait, same)
        for trait, (mine, theirs, least) in pairs.items()
        if len(same := _common(mine, theirs)) >= least and _new(trait, out, same)
    )


def _new(trait: Trait, out: Known, same: Sequence[str]) -> bool:
    """A principal who is the legal representative too is one person, and one trait."""
    return trait is not Trait.PRINCIPAL or [plain(one) for one in same] != [plain(out.legal_representative)]


def _common(mine: Iterable[str], theirs: Iterable[str]) -> tuple[str, ...]:
    wanted = {plain(one) for one in theirs} - {""}
    return tuple(sorted({plain(one): one for one in mine if plain(one) in wanted}.values()))


def plain(text: str) -> str:
    """As it is compared: no spaces, one width, one case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
