"""From looks to glances: the few figures that every signal of one picture works with. Pure; numpy and OpenCV, no decoding. F-08, F-09.

The top and the bottom ninth of every picture are left out: cameras write clock and title there, and both go on over a black or a frozen picture.
"""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import HEIGHT_PX, Look, Luma
from supervision.screening.view import NOT_COMPARED, Reference, compare

EDGE_PX: Final = HEIGHT_PX // 9
BLOCK_COLUMNS, BLOCK_ROWS = 16, 7
TEXTURED: Final = 1.0  # grey levels of middle-sized structure that make a block textured
CLEAR_TEXTURE: Final = 0.3  # a third of the blocks: neither dark nor covered, so a view can be compared
LEAST_TEXTURED: Final = 5  # of 112 blocks, to judge sharpness by
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Glances:
    """Columns of equal length, in order of time.

    `mean` grey level; `texture` share of blocks with structure; `sharp` ratio of fine to middle structure in them (0.3 to 0.7 in focus); `still`
    grey levels by which nine tenths of the blocks differ at most from the look before; `moved` the largest difference of a block's mean, the
    change of light taken away. `points`, `shift`, `angle`, `scale` against the reference view where it was compared, else NaN. The first look
    has no look before it: NaN.
    """

    media_ms: NDArray[np.int64]
    mean: Floats
    texture: Floats
    sharp: Floats
    still: Floats
    moved: Floats
    points: Floats
    shift: Floats
    angle: Floats
    scale: Floats

    def __len__(self) -> int:
        return len(self.media_ms)

    def where(self, chosen: NDArray[Any]) -> Self:  # Any: a mask or an order
        """The chosen rows."""
        return type(self)(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def to_bytes(self) -> bytes:
        held = io.BytesIO()
        np.savez(held, **{f.name: getattr(self, f.name) for f in fields(self)})
        return zlib.compress(held.getvalue(), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        with np.load(io.BytesIO(zlib.decompress(data)), allow_pickle=False) as held:
            return cls(**{f.name: held[f.name] for f in fields(cls)})

    @classmethod
    def joined(cls, parts: Sequence["Glances"]) -> Self:
        """One series of several, in their order. None at all is an empty one."""
        if not parts:
            return cls(np.zeros(0, np.int64), *(np.zeros(0, np.float32) for _ in fields(cls)[1:]))
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})


@dataclass(slots=True)
class Glancer:
    """Takes looks in order of time. What it must remember between two of them is `previous`, `anchor` and `compared_ms`: a pass that stops keeps
    them with its glances.

    `reference`: the camera's approved view; without one the first clear look stands for it (`anchor`), which shows only what changes inside the
    recording.
    """

    view_every_ms: int
    reference: Reference | None = None
    previous: Luma | None = None
    anchor: Luma | None = None
    compared_ms: int = -(1 << 62)
    _anchor_view: Reference | None = None

    def afresh(self, *, view_every_ms: int) -> "Glancer":
        """Another one for a stretch by itself, with the same view to compare with."""
        return Glancer(view_every_ms, self.reference, anchor=self.anchor)

    def take(self, looks: Sequence[Look]) -> Glances:
        """Figures of these looks, in their order."""
        rows = [self._row(look) for look in looks]
        columns = [np.array(column, np.float32) for column in zip(*rows, strict=True)] if rows else [np.zeros(0, np.float32)] * 9
        return Glances(np.array([look.media_ms for look in looks], np.int64), *columns)

    def _row(self, look: Look) -> tuple[float, ...]:
        mean, texture, sharp = structure(look.luma)
        still, moved = change(self.previous, look.luma) if self.previous is not None else (np.nan, np.nan)
        self.previous = look.luma
        view: tuple[float, ...] = NOT_COMPARED
        if texture >= CLEAR_TEXTURE and look.media_ms - self.compared_ms >= self.view_every_ms:
            view = compare(self._view(look), look.luma)
            self.compared_ms = look.media_ms
        return mean, texture, sharp, still, moved, *view

    def _view(self, look: Look) -> Reference:
        if self.reference is not None:
            return self.reference
        if self.anchor is None:
            self.anchor = look.luma
        if self._anchor_view is None:
            self._anchor_view = Reference.of(self.anchor)
        return self._anchor_view


def structure(luma: Luma) -> tuple[float, float, float]:
    """(mean grey level, share of textured blocks, sharpness). Sharpness is a ratio of two bands, so neither darkness nor noise pass for blur."""
    grey = luma.astype(np.float32)
    fine = cv2.GaussianBlur(grey, (0, 0), 1.0)
    coarse = cv2.GaussianBlur(fine, (0, 0), 4.0)
    f = _blocks(np.abs(grey - fine))
    m = _blocks(np.abs(fine - coarse))
    textured = m > TEXTURED
    sharp = float(np.median(f[textured] / m[textured])) if textured.sum() > LEAST_TEXTURED else 0.0
    return float(luma[EDGE_PX:-EDGE_PX].mean()), float(textured.mean()), sharp


def change(before: Luma, after: Luma) -> tuple[float, float]:
    """(`still`, `moved`) between two looks."""
    difference = after[EDGE_PX:-EDGE_PX].astype(np.float32) - before[EDGE_PX:-EDGE_PX]
    # a ninth of the rows at each end is gone: 32 × 14 blocks of 10 × 10
    blocks = cv2.resize(np.abs(difference), (32, 14), interpolation=cv2.INTER_AREA)
    means = cv2.resize(difference, (32, 14), interpolation=cv2.INTER_AREA)
    return float(np.percentile(blocks, 90)), float(np.abs(means - np.median(means)).max())


def _blocks(band: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(band[EDGE_PX:-EDGE_PX], (BLOCK_COLUMNS, BLOCK_ROWS), interpolation=cv2.INTER_AREA), np.float32)
