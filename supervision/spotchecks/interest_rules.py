"""Which institutions an interest points at, on what ground, and for how long it bars. R55; domain.md 2.3.2. Pure.

A registered institution or an identity number is certain. A name alone is not: people share names, so a person of the bureau decides.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from storage.kernel.clock import add_years


class InterestKind(StrEnum):
    EMPLOYER = "employer"  # works there now
    POST = "post"  # worked there until `until_on`
    KIN = "kin"  # a relative


class Ground(StrEnum):
    """Why an institution matched."""

    EMPLOYER = "employer"
    POST = "post"
    KIN_PRINCIPAL = "kin-principal"
    KIN_LEGAL_REPRESENTATIVE = "kin-legal-representative"
    KIN_TEACHER = "kin-teacher"
    KIN_TRAINEE = "kin-trainee"


_BLANKS: Final = re.compile(r"[\s··•.。,，()（）\-—_]+")
CERTAIN: Final = frozenset({Ground.EMPLOYER, Ground.POST, Ground.KIN_TRAINEE})


@dataclass(frozen=True, slots=True)
class Declared:
    """An interest in force. `institution_id` or `organisation` for a post, `person_name` and perhaps a hash for kin."""

    interest_id: UUID
    kind: InterestKind
    institution_id: UUID | None = None
    organisation: str = ""
    until_on: date | None = None
    person_name: str = ""
    id_number_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry knows of an institution and of the people who answer for it or teach there."""

    institution_id: UUID
    name: str
    principal: str
    legal_representative: str
    teachers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hit:
    """`until_on`: the first day on which it no longer bars; None = as long as it is so."""

    interest_id: UUID
    institution_id: UUID
    ground: Ground
    until_on: date | None = None

    @property
    def certain(self) -> bool:
        return self.ground in CERTAIN


def plain(name: str) -> str:
    """A name without width, case, blanks and punctuation: 古县 鑫诚（职业）培训学校 = 古县鑫诚职业培训学校."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", name)).casefold()


def hits(
    interests: Sequence[Declared], institutions: Iterable[Known], trainees: Iterable[tuple[UUID, bytes]], *, cooling_off_years: int, on: date
) -> list[Hit]:
    """Every ground on which an interest points at an institution; posts whose cooling-off is over on `on` are left out.

    `trainees`: (institution, keyed hash of an identity number) of those that match a declared hash.
    """
    known = list(institutions)
    found: list[Hit] = []
    for one in interests:
        if one.kind is InterestKind.KIN:
            found += _kin(one, known)
            continue
        until_on = add_years(one.until_on, cooling_off_years, "next-day") if one.kind is InterestKind.POST and one.until_on else None
        if until_on is not None and until_on <= on:
            continue
        ground = Ground.POST if one.kind is InterestKind.POST else Ground.EMPLOYER
        wanted = plain(one.organisation)
        found += [
            Hit(one.interest_id, k.institution_id, ground, until_on)
            for k in known
            if k.institution_id == one.institution_id or (wanted and wanted == plain(k.name))
        ]
    # a trainee may be kin of several inspectors
    found += [
        Hit(one.interest_id, institution, Ground.KIN_TRAINEE) for institution, digest in trainees for one in interests if one.id_number_hash == digest
    ]
    return list(dict.fromkeys(found))


def _kin(one: Declared, known: Sequence[Known]) -> list[Hit]:
    name = plain(one.person_name)
    found: list[Hit] = []
    for k in known if name else ():
        holds = {
            Ground.KIN_PRINCIPAL: plain(k.principal) == name,
            Ground.KIN_LEGAL_REPRESENTATIVE: plain(k.legal_representative) == name,
            Ground.KIN_TEACHER: name in {plain(teacher) for teacher in k.teachers},
        }
        found += [Hit(one.interest_id, k.institution_id, ground) for ground, is_so in holds.items() if is_so]
    return found
