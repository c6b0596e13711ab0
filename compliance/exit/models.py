"""Exit cases, their frozen evidence, what contests them, and lists of others that are only kept. R38, R43–R47; domain.md 2.1, 2.3.5.

Three records stay apart (2.1): the exclusion (`supervision.institutions.DirectoryExclusion`), credit information (`compliance.rating`), and
entries of statutory lists (`StatutoryListing`), which a county may not invent and which have no effect here.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from compliance.exit.lifecycle import BEFORE_DECISION, BEFORE_NOTICE, ENDED, ChallengeState, ExitState
from compliance.exit.rules import Effect, Trigger
from storage.database.base import Base, Keyed, enum_column
from supervision.institutions.models import RunningClasses


def _among(states: tuple[ExitState, ...]) -> str:
    return ", ".join(repr(state.value) for state in states)


_RANK: Final = "array_position(array['dismiss','correct','restrict','exclude'], {}::text)"
_DECIDED: Final = f"state in ({_among((*BEFORE_DECISION, ExitState.WITHDRAWN))})"
_SERVED: Final = f"state in ({_among((*BEFORE_DECISION, ExitState.DECIDED, ExitState.WITHDRAWN))})"
_BARRING: Final = (
    f"state not in ({_among((ExitState.IN_FORCE, ExitState.PUBLISHED, ExitState.TERM_ENDED))},"
    " 'readmission-applied', 'assessed', 'readmitted', 'readmission-refused')"
)


BUREAUS_OWN: Final = (ExitState.RECHECKED, ExitState.PROPOSED, ExitState.DECIDED, ExitState.ASSESSED)


class ExitCase(Keyed, Base):
    """`code` is the natural id, e.g. E2026-0001. `numerator` of `denominator`: the figures frozen at detection; `again_…`: those of the recheck.

    What the services refuse, the checks here and the triggers of `ddl.py` refuse too: no decision without notice, without the end of the days
    for a statement, by somebody who worked on the case, or heavier than the notice told.
    """

    __tablename__ = "exit_case"
    __table_args__ = (
        CheckConstraint("legal_officer_id is null or legal_officer_id <> investigator_id", name="legal_is_another"),
        CheckConstraint("rechecked_by_id is null or rechecked_by_id <> investigator_id", name="recheck_is_another"),
        CheckConstraint(
            "decided_by_id is null or num_nulls(investigator_id, legal_officer_id, rechecked_by_id, proposed_by_id) = 0 and decided_by_id not in"
            " (investigator_id, legal_officer_id, rechecked_by_id, proposed_by_id)"
            " and decided_by_id is distinct from detected_by_id",
            name="four_eyes",
        ),
        CheckConstraint(
            f"state in ({_among((*BEFORE_NOTICE, ExitState.WITHDRAWN))}) or"
            " num_nulls(noticed_at, notice_paper_id, statement_until_at, hearing_until_at, investigator_id, legal_officer_id, intended_effect) = 0",
            name="noticed",
        ),
        CheckConstraint("statement_until_at > noticed_at and hearing_until_at > noticed_at", name="periods"),
        CheckConstraint(f"{_DECIDED} or num_nulls(effect, decided_at, decided_by_id, decision_paper_id) = 0", name="decided"),
        CheckConstraint("decided_at is null or (decided_at >= statement_until_at and decided_at >= hearing_until_at)", name="statement_over"),
        CheckConstraint(f"{_SERVED} or num_nulls(served_at, service_paper_id) = 0", name="served"),
        CheckConstraint("served_at is null or served_at >= decided_at", name="served_after"),
        CheckConstraint(f"{_BARRING} or (effect in ('exclude', 'restrict') and from_on is not null and until_on is not null)", name="barring"),
        CheckConstraint("effect is distinct from 'exclude' or collective_record <> ''", name="collective"),
        CheckConstraint(
            f"effect is null or {_RANK.format('effect')} < {_RANK.format('intended_effect')}"
            " or (effect = intended_effect and months <= intended_months)",
            name="not_heavier",
        ),
        CheckConstraint("effect is null or ground_stands is true or effect in ('dismiss', 'correct')", name="ground_stands"),
        CheckConstraint("again_numerator is null or again_numerator * denominator >= numerator * again_denominator", name="not_worse"),
        Index(
            "uq_exit_case_open",
            "institution_id",
            "trigger",
            "year",
            unique=True,
            postgresql_where=text(f"state not in ({_among(ENDED)})"),
        ),
        Index("ix_exit_case_state", "state", "detected_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = "noticed_at is not null"
    MOVES_TENANT: ClassVar[str] = "told_to"
    MACHINE: ClassVar[str] = "exit-case"

    code: Mapped[str] = mapped_column(unique=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    trigger: Mapped[Trigger] = mapped_column(enum_column(Trigger, "trigger"))
    year: Mapped[int]
    state: Mapped[ExitState] = mapped_column(enum_column(ExitState, "state"), default=ExitState.DETECTED)
    detected_at: Mapped[datetime]
    detected_by_id: Mapped[UUID | None]  # None: the daily detection, which decides nothing
    detected_by: Mapped[str]
    numerator: Mapped[int | None]
    denominator: Mapped[int | None]
    limit_permille: Mapped[int | None]
    investigator_id: Mapped[UUID | None]
    investigator: Mapped[str] = mapped_column(default="")
    intended_effect: Mapped[Effect | None] = mapped_column(enum_column(Effect, "intended_effect"))
    intended_months: Mapped[int] = mapped_column(default=0)
    legal_officer_id: Mapped[UUID | None]
    legal_officer: Mapped[str] = mapped_column(default="")
    noticed_at: Mapped[datetime | None]
    notice_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_paper.id"))
    statement_until_at: Mapped[datetime | None]  # exclusive, as the notice named it
    hearing_until_at: Mapped[datetime | None]
    hearing_at: Mapped[datetime | None]
    again_numerator: Mapped[int | None]
    again_denominator: Mapped[int | None]
    ground_stands: Mapped[bool | None]  # what the recheck found
    rechecked_by_id: Mapped[UUID | None]
    rechecked_by: Mapped[str] = mapped_column(default="")
    proposed_by_id: Mapped[UUID | None]
    proposed_by: Mapped[str] = mapped_column(default="")
    collective_record: Mapped[str] = mapped_column(default="")  # 集体讨论: day, who, conclusion
    effect: Mapped[Effect | None] = mapped_column(enum_column(Effect, "effect"))
    months: Mapped[int] = mapped_column(default=0)
    running_classes: Mapped[RunningClasses | None] = mapped_column(enum_column(RunningClasses, "running_classes"))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decision_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_paper.id"))
    served_at: Mapped[datetime | None]
    service_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_paper.id"))
    from_on: Mapped[date | None] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)  # exclusive
    published_at: Mapped[datetime | None]
    assessed_by_id: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]

    @property
    def told_to(self) -> UUID | None:
        """Who may read the move made last: nobody but the bureau before the notice, and while it makes up its mind."""
        return self.institution_id if self.noticed_at is not None and self.state not in BUREAUS_OWN else None


class SheetKind(StrEnum):
    FROZEN = "frozen"
    AGAIN = "again"  # the recheck's


class ExitSheet(Keyed, Base):
    """计算表: every counted person or line, all readings of the definition, the policy values; canonical JSON whose SHA-256 stands in the ledger.

    Names and masks of trainees stand in it, so the ledger holds the hash only, and the institution reads it from the notice on.
    """

    __tablename__ = "exit_sheet"
    __table_args__ = (CheckConstraint("octet_length(sha256) = 32", name="sha256"), Index("ix_exit_sheet_case", "case_id", "at"))
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = "exists (select from exit_case c where c.id = case_id and c.noticed_at is not null)"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("exit_case.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    kind: Mapped[SheetKind] = mapped_column(enum_column(SheetKind, "kind"))
    at: Mapped[datetime]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)  # Any: the sheet's own fields (`sheets.py`)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)


class ExitFinding(Keyed, Base):
    """A finding that a case rests on; its footage is held for the matter of the case."""

    __tablename__ = "exit_finding"
    __table_args__ = (UniqueConstraint("case_id", "finding_id"),)
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = "exists (select from exit_case c where c.id = case_id and c.noticed_at is not null)"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("exit_case.id"), index=True)
    finding_id: Mapped[UUID] = mapped_column(ForeignKey("finding.id"), index=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)


class ChallengeKind(StrEnum):
    RECONSIDERATION = "reconsideration"  # 行政复议
    LITIGATION = "litigation"  # 行政诉讼


class ExitChallenge(Keyed, Base):
    """A reconsideration or an action against a decision, as the deciding authority told the bureau. One of a kind is pending at a time."""

    __tablename__ = "exit_challenge"
    __table_args__ = (
        CheckConstraint("authority <> '' and document <> ''", name="document"),
        CheckConstraint("state = 'pending' or (outcome_document <> '' and decided_on is not null)", name="outcome"),
        CheckConstraint("not late or late_reason <> ''", name="late"),
        Index("uq_exit_challenge_pending", "case_id", "kind", unique=True, postgresql_where=text("state = 'pending'")),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "exit-challenge"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("exit_case.id"), index=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    kind: Mapped[ChallengeKind] = mapped_column(enum_column(ChallengeKind, "kind"))
    state: Mapped[ChallengeState] = mapped_column(enum_column(ChallengeState, "state"), default=ChallengeState.PENDING)
    authority: Mapped[str]  # 县人民政府, 人民法院
    document: Mapped[str]  # number of the acceptance
    filed_on: Mapped[date] = mapped_column(Date)
    late: Mapped[bool] = mapped_column(default=False)
    late_reason: Mapped[str] = mapped_column(default="")  # why the authority accepted it all the same
    outcome_document: Mapped[str] = mapped_column(default="")
    decided_on: Mapped[date | None] = mapped_column(Date)


class StatutoryListing(Keyed, Base):
    """An entry of a list that a law provides for (失信惩戒名单 of others), copied in with its source. It has no effect here, and is never made here.

    国办发〔2020〕49号: a county invents no such list (2.1). `removed_on`: the source took it off, told by a second row's document.
    """

    __tablename__ = "statutory_listing"
    __table_args__ = (
        UniqueConstraint("list_name", "source_document", "entry_name"),
        CheckConstraint("list_name <> '' and authority <> '' and source_document <> '' and entry_name <> ''", name="source"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    list_name: Mapped[str]
    authority: Mapped[str]
    source_document: Mapped[str]
    entry_name: Mapped[str]
    entry_code: Mapped[str] = mapped_column(default="")  # 统一社会信用代码 of a body, never of a person
    listed_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    institution_id: Mapped[UUID | None] = mapped_column(ForeignKey("institution.id"), index=True)
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
