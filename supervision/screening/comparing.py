"""Keep the movement of a screened recording and look for footage used before. Idempotent; each pair is told once. R60, R72; F-05 … F-07, F-13.

First what is kept is committed, then it is compared with everything that is kept: of two recordings compared at the same time at least one
sees the other, and a constraint lets the pair be told only once.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.clips.models import MediaIndexRow
from storage.clips.service import packets_of, source_of
from storage.database.session import SYSTEM
from storage.kernel.scratch import working_folder
from storage.media.errors import UnreadableMedia
from storage.media.index import build_index, from_bytes
from storage.media.looks import Density, read_looks
from storage.objects.errors import ObjectMissing
from supervision.footage.lifecycle import CATALOGUED_STATES, RecordingState
from supervision.footage.models import Recording, Slot
from supervision.screening import loop, motion, packet_marks, pieces, recycled, signatures, view_keys
from supervision.screening.forgetting import drop, may_be_shown
from supervision.screening.kinship import Claim, Kind, kinship
from supervision.screening.looks import Code, Found, Packets, strength
from supervision.screening.motion import Motion
from supervision.screening.pair_sound import likeness
from supervision.screening.pieces import PieceRule
from supervision.screening.recycled import Line, RecycledRule
from supervision.screening.recycled_models import CameraView, PacketMark, RecordingMotion, RecycledMatch, ViewKey, Way
from supervision.screening.second_looks import SecondLooks
from supervision.screening.service import Screener, add_leads

COMPARED_STATES: Final = (RecordingState.VERIFIED, *CATALOGUED_STATES, RecordingState.ALARM)
SAME_VIEW_BITS: Final = 16  # recordings this near share a view's row
MOST_VIEWS: Final = 64
MOST_RECORDINGS: Final = 5_000  # of those views; a year of one camera is about 1 500 hours
WORST_WINDOWS: Final = 30  # minutes: half an hour again is the strongest lead
LONGEST_MS: Final = 86_400_000  # of movement: one picture that claims to be shown in a month would make a month of it, in each comparison


@dataclass(frozen=True, slots=True)
class ComparingRule:
    """What is looked at, and how wide the search goes (`recycled.yaml`)."""

    recycled_step_s: int
    recycled_view_bits: int
    recycled_most_compared: int
    recycled_same_packets: int


@dataclass(frozen=True, slots=True)
class Comparer:
    """The screener's tools and the figures of this search."""

    screener: Screener
    rule: ComparingRule
    recycled: RecycledRule
    loop: loop.LoopRule
    pieces: PieceRule


@dataclass(frozen=True, slots=True)
class Same:
    """The same footage in `other`: copy millisecond t of the new recording shows `line.source_ms(t)` of the other."""

    other: UUID
    way: Way
    line: Line
    mirrored: bool
    windows: int  # minutes, coded pictures, or pieces
    agreement_permille: int
    spans: tuple[tuple[int, int], ...]
    evidence: float = 0.0  # of pieces


def compare_recording(comparer: Comparer, recording_id: UUID) -> list[UUID]:
    """Ids of the leads this call added. Raises: StoreUnavailable, SandboxFailed — tried again."""
    kept = _keep(comparer, recording_id)
    if kept is None:
        return []
    with comparer.screener.database.transaction(SYSTEM) as session:
        found = [*_same_packets(session, comparer, recording_id)]
        seen = {same.other for same in found}
        asked, recent = _worth_comparing(session, comparer, recording_id, kept, seen)
    for other, mirrored in asked:
        source = _kept_motion(comparer, other)
        same = None if source is None else _same_pictures(comparer, kept, other, source, mirrored=mirrored)
        if same is not None:
            found.append(same)
    for other in recent:
        source = _kept_motion(comparer, other)
        piece = None if source is None else pieces.find_pieces(kept, source, comparer.pieces)
        if source is not None and piece is not None:
            found.append(_of_pieces(other, kept, source, piece))
    with comparer.screener.database.transaction(SYSTEM) as session:
        found = [same for same in found if _untold(session, recording_id, same) is not None]
    sounds = [likeness(comparer.screener, recording_id, same.other, same.line, same.spans) for same in found]
    with comparer.screener.database.transaction(SYSTEM) as session:
        # always in one order: workers that tell each other's pairs at once would wait for one another in a ring
        pairs = sorted(zip(found, sounds, strict=True), key=lambda pair: sorted((recording_id, pair[0].other)))
        told = [lead for same, sound in pairs if (lead := _tell(session, comparer, recording_id, same, sound)) is not None]
        session.get_one(RecordingMotion, recording_id).compared_at = comparer.screener.clock.now_at()
    return told


def _same_pictures(comparer: Comparer, kept: Motion, other: UUID, source: Motion, *, mirrored: bool) -> Same | None:
    """Minutes on a line; where there are too few, pieces."""
    match = recycled.compare(kept, source, comparer.recycled, mirror=mirrored)
    if match is not None and recycled.is_recycled(match, comparer.recycled):
        return Same(other, Way.MOVEMENT, match.line, match.mirrored, match.windows, round(match.median * 1000), match.spans)
    piece = pieces.find_pieces(kept, source, comparer.pieces, mirror=mirrored, laid=True)
    return None if piece is None else _of_pieces(other, kept, source, piece)


def _of_pieces(other: UUID, kept: Motion, source: Motion, piece: pieces.Spliced) -> Same:
    agreement = round(pieces.alike(kept, source, piece) * 1000)
    return Same(other, Way.PIECES, Line(-piece.lag_ms, 1.0), piece.mirrored, len(piece.spans), agreement, piece.spans, piece.evidence)


def _keep(comparer: Comparer, recording_id: UUID) -> Motion | None:
    """The movement of this recording, read and kept at the first call, with the loops found in it. None: it cannot be looked at."""
    screener = comparer.screener
    with screener.database.transaction(SYSTEM) as session:
        recording = session.get(Recording, recording_id)
        if recording is None or recording.state not in COMPARED_STATES or recording.version_id is None or recording.media is None:
            return None
        key, version_id, tenant = recording.object_key, recording.version_id, recording.institution_id
        duration_ms = int(recording.media["duration_ms"])
        known = session.get(RecordingMotion, recording_id) is not None
        index_row = session.get(MediaIndexRow, (key, version_id))
    if known:
        return _kept_motion(comparer, recording_id)
    source = source_of(screener.buckets.evidence, key, version_id)
    if source is None:
        return None
    began = time.thread_time()
    cpu_ms = 0
    collected = Collected(duration_ms)
    try:
        index = from_bytes(index_row.body) if index_row is not None else build_index(source)
        with working_folder(screener.scratch) as folder:
            for batch in read_looks(source, index, Density(comparer.rule.recycled_step_s * 1000), scratch=folder):
                cpu_ms += batch.cpu_ms
                for at_ms, luma in batch.looks:
                    collected.take(at_ms, luma)
    except (UnreadableMedia, ObjectMissing):
        return None
    seen = collected.motion()
    if seen is None:
        return None
    stored = screener.buckets.viewing.put(f"{tenant}/motion/{recording_id}.bin", motion.to_bytes(seen), "application/octet-stream")
    series = motion.residual(seen)
    signed, _ = signatures.signatures(series)
    second = SecondLooks(source, index, seen.room, screener.scratch)
    loops = loop.find_loops(seen, comparer.loop, second)
    cpu_ms += second.cpu_ms
    del index, second  # of a day, and so are its packets: one after the other
    with screener.database.transaction(SYSTEM) as session:
        packets = packets_of(session, screener.buckets.viewing, key, version_id)
    own = packet_marks.marks(Packets(packets.sizes, packets.shown_ms, packets.keys, packets.hashes)) if packets is not None else []
    cpu_ms += round((time.thread_time() - began) * 1000)
    with screener.database.transaction(SYSTEM) as session:
        if not may_be_shown(session, recording_id):  # destroyed meanwhile
            drop(screener.buckets.viewing, [stored])
            return None
        row = insert(RecordingMotion).values(
            recording_id=recording_id, view_id=_view(session, seen, screener), signatures=signed.tobytes(), motion_key=stored.key,
            motion_version_id=stored.version_id, looks=len(seen.times_ms), cpu_ms=cpu_ms, made_at=screener.clock.now_at(),
        )  # fmt: skip
        made = session.execute(row.on_conflict_do_nothing().returning(RecordingMotion.recording_id)).first()
        if made is None:
            return seen  # another worker kept it meanwhile
        if own:
            rows = [{"hash": m.hash, "recording_id": recording_id, "shown_ms": m.shown_ms} for m in own]
            session.execute(insert(PacketMark).values(rows).on_conflict_do_nothing())
        add_leads(session, recording_id, tenant, loops, {}, run_id=None, at=screener.clock.now_at())
    return seen


class Collected:
    """Fields of every look of the first `LONGEST_MS`, and of the pictures themselves only as many as the median of the room needs."""

    def __init__(self, duration_ms: int) -> None:
        self._every_ms = max(min(duration_ms, LONGEST_MS) // motion.MEDIAN_OF, 1)
        self._times: list[int] = []
        self._fields: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
        self._lumas: dict[int, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = {}

    def take(self, at_ms: int, luma: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        if at_ms >= LONGEST_MS:
            return
        self._times.append(at_ms)
        self._fields.append(motion.fields_of(luma))
        self._lumas.setdefault(at_ms // self._every_ms, luma)

    def motion(self) -> Motion | None:
        if not self._times:
            return None
        return Motion(np.array(self._times, np.int64), np.stack(self._fields), motion.room_of(list(self._lumas.values())))


def _view(session: Session, seen: Motion, screener: Screener) -> UUID:
    """The view this recording belongs to: the nearest one, or a new one."""
    own = _bits(view_keys.view_key(seen.room))
    distance = func.bit_count(ViewKey.bits.op("#")(text("cast(:own as bit(256))")))
    query = select(ViewKey.view_id).where(ViewKey.crop_permille == 0, distance <= SAME_VIEW_BITS).order_by(distance, ViewKey.view_id).limit(1)
    nearest = session.scalar(query, {"own": own})
    if nearest is not None:
        return nearest
    view = CameraView(made_at=screener.clock.now_at())
    session.add(view)
    session.flush()
    for crop, key in zip(view_keys.CROPS, view_keys.stored_keys(seen.room), strict=True):
        session.add(ViewKey(view_id=view.id, crop_permille=round(crop * 1000), bits=_bits(key)))
    session.flush()
    return view.id


def _bits(key: view_keys.Key) -> str:
    return "".join(f"{byte:08b}" for byte in key.tobytes())


def near_views(session: Session, room: motion.Fields | np.ndarray[tuple[int, ...], np.dtype[np.uint8]], limit: int) -> list[UUID]:
    """Views that may show this room, as it is, mirrored, cropped, or from which it was cropped; nearest first."""
    asked = view_keys.asked_keys(np.asarray(room, np.uint8))
    plain = [asked[0], asked[len(view_keys.CROPS)]]
    names = {f"k{n}": _bits(key) for n, key in enumerate(asked)} | {f"p{n}": _bits(key) for n, key in enumerate(plain)}
    least = ", ".join(f"bit_count(bits # cast(:k{n} as bit(256)))" for n in range(len(asked)))
    cut = ", ".join(f"bit_count(bits # cast(:p{n} as bit(256)))" for n in range(len(plain)))
    query = text(
        f"select view_id, min(case when crop_permille = 0 then least({least}) else least({cut}) end) as far "  # noqa: S608 — only numbered names
        "from view_key group by view_id having min(case when crop_permille = 0 then "
        f"least({least}) else least({cut}) end) <= :most order by far, view_id limit :views"
    )
    return [row.view_id for row in session.execute(query, names | {"most": limit, "views": MOST_VIEWS})]


def _worth_comparing(
    session: Session, comparer: Comparer, recording_id: UUID, kept: Motion, without: set[UUID]
) -> tuple[list[tuple[UUID, bool]], list[UUID]]:
    """(recordings that signatures point at, with the way round; the newest others of the view, in which pieces are looked for)."""
    views = near_views(session, kept.room, comparer.rule.recycled_view_bits)
    if not views:
        return [], []
    rows = session.execute(
        select(RecordingMotion.recording_id, RecordingMotion.signatures)
        .join(Recording, Recording.id == RecordingMotion.recording_id)
        .where(RecordingMotion.view_id.in_(views), RecordingMotion.recording_id != recording_id)
        .where(Recording.state != RecordingState.DESTROYED)  # its movement went with it; its packets are still recognised
        .order_by(func.array_position(views, RecordingMotion.view_id), RecordingMotion.made_at.desc())
        .limit(MOST_RECORDINGS)
    ).all()
    held = [(row.recording_id, np.frombuffer(row.signatures, np.uint64)) for row in rows if row.recording_id not in without and row.signatures]
    if not held:
        return [], []
    begins = np.cumsum([0, *(len(own) for _, own in held)])[:-1].astype(np.int64)
    pointed = signatures.pointed_at(motion.residual(kept), np.concatenate([own for _, own in held]), begins, comparer.rule.recycled_most_compared)
    asked = [(held[one.row][0], one.mirrored) for one in pointed]
    recent = [other for other, _ in held if other not in dict(asked)]
    return asked, recent[: comparer.pieces.spliced_most_compared]


def _kept_motion(comparer: Comparer, recording_id: UUID) -> Motion | None:
    with comparer.screener.database.transaction(SYSTEM) as session:
        row = session.get(RecordingMotion, recording_id)
    if row is None:
        return None
    try:
        return motion.from_bytes(b"".join(comparer.screener.buckets.viewing.stream(row.motion_key, row.motion_version_id)))
    except ObjectMissing:  # destroyed meanwhile
        return None


def _same_packets(session: Session, comparer: Comparer, recording_id: UUID) -> list[Same]:
    """Other recordings with the same coded pictures on one distance in time."""
    own = {m.hash: m for m in session.scalars(select(PacketMark).where(PacketMark.recording_id == recording_id))}
    if not own:
        return []
    others = session.scalars(select(PacketMark).where(PacketMark.hash.in_(own), PacketMark.recording_id != recording_id))
    pairs: dict[UUID, list[tuple[packet_marks.Mark, packet_marks.Mark]]] = defaultdict(list)
    for one in others:
        mine = own[one.hash]
        pairs[one.recording_id].append((packet_marks.Mark(mine.hash, mine.shown_ms), packet_marks.Mark(one.hash, one.shown_ms)))
    found = []
    for other, both in pairs.items():
        agreed = packet_marks.one_lag(both, comparer.rule.recycled_same_packets)
        if agreed is not None:
            lag, on_it = agreed
            # a picture may claim to be shown before the first one; a lead lies in its recording
            span = (max(on_it[0][0].shown_ms, 0), max(on_it[-1][0].shown_ms, 0) + 1)
            found.append(Same(other, Way.PACKETS, Line(lag, 1.0), False, len(on_it), 1000, (span,)))
    return found


def _untold(session: Session, recording_id: UUID, same: Same) -> Kind | None:
    """What a pair is that was not told yet; None for one that was, or that is honest."""
    first, second = sorted((recording_id, same.other))
    if session.scalar(select(RecycledMatch.id).where(RecycledMatch.first_id == first, RecycledMatch.second_id == second)) is not None:
        return None
    from_ms = same.spans[0][0]
    return kinship(_claim(session, recording_id), _claim(session, same.other), from_ms, same.line.source_ms(from_ms))


def _tell(session: Session, comparer: Comparer, recording_id: UUID, same: Same, sound_permille: int | None) -> UUID | None:
    """A lead on the later of the two recordings, with the other beside it; nothing when the pair is honest or known. Sound alone tells nothing."""
    kind = _untold(session, recording_id, same)
    if kind is None:
        return None
    first, second = sorted((recording_id, same.other))
    mine = _claim(session, recording_id)
    from_ms, to_ms = same.spans[0][0], same.spans[-1][1]
    at = comparer.screener.clock.now_at()
    there = sorted((max(same.line.source_ms(from_ms), 0), max(same.line.source_ms(to_ms), 1)))
    told = _found(comparer, same, from_ms, to_ms)
    pair = session.begin_nested()
    lead = add_leads(session, recording_id, mine.institution_id, [told], {}, run_id=None, at=at)[0]
    lead.related_recording_id, lead.related_from_ms, lead.related_to_ms = same.other, there[0], there[1]
    line = same.line if first == recording_id else turned(same.line)
    spans = same.spans if first == recording_id else moved_spans(same.spans, same.line)
    row = insert(RecycledMatch).values(
        first_id=first, second_id=second, lead_id=lead.id, kind=kind, way=same.way, mirrored=same.mirrored, offset_ms=line.offset_ms,
        slope_ppm=round(line.slope * 1_000_000), windows=same.windows, agreement_permille=same.agreement_permille, sound_permille=sound_permille,
        spans=[list(span) for span in spans], found_at=at,
    )  # fmt: skip
    session.flush()
    if session.execute(row.on_conflict_do_nothing().returning(RecycledMatch.id)).first() is None:
        pair.rollback()  # told by another worker in this moment
        return None
    pair.commit()
    return lead.id


def _found(comparer: Comparer, same: Same, from_ms: int, to_ms: int) -> Found:
    if same.way is Way.PIECES:
        limit = comparer.pieces.spliced_evidence
        return Found(Code.SPLICED, from_ms, to_ms, same.evidence, limit, strength(same.evidence, limit, loop.STRONGEST), from_ms)
    if same.way is Way.PACKETS:
        return Found(Code.RECYCLED, from_ms, to_ms, same.windows, comparer.rule.recycled_same_packets, 1000, from_ms)
    limit = comparer.recycled.recycled_least_windows
    return Found(Code.RECYCLED, from_ms, to_ms, same.windows, limit, strength(same.windows, limit, WORST_WINDOWS), from_ms)


def turned(line: Line) -> Line:
    """The same line seen from the source."""
    return Line(round(-line.offset_ms / line.slope), round(1 / line.slope, 6))


def moved_spans(spans: Sequence[tuple[int, int]], line: Line) -> tuple[tuple[int, int], ...]:
    return tuple((max(line.source_ms(begin), 0), max(line.source_ms(end), 1)) for begin, end in spans)


def _claim(session: Session, recording_id: UUID) -> Claim:
    recording, lesson_id = session.execute(
        select(Recording, Slot.lesson_id).outerjoin(Slot, Slot.id == Recording.slot_id).where(Recording.id == recording_id)
    ).one()
    span = recording.recorded_span
    starts_at = span.lower if span is not None and span.lower is not None else recording.declared_start_at
    return Claim(recording.id, recording.institution_id, recording.camera_id, lesson_id, starts_at)
