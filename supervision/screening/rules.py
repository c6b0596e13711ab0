"""The figures under which recordings are screened, from the policy book. Pure. R60, R71, R72; F-01, F-03, F-08, F-09, F-11, F-12, F-17, F-19."""

import hashlib
from dataclasses import astuple, dataclass
from typing import Final

METHOD: Final = 4  # rises when a signal computes something else from the same looks
LOOKED: Final = 1  # rises when looks are taken or made into glances in another way: the kept ones of the held-out part are taken anew


@dataclass(frozen=True, slots=True)
class ScreeningRule:
    """Dated figures. `_s`: for how long something must last; grey levels run from 0 to 255; permille of a share or a ratio."""

    screening_step_s: int
    screening_black_grey: int
    screening_black_s: int
    screening_covered_texture_permille: int
    screening_covered_s: int
    screening_defocus_sharp_permille: int
    screening_defocus_fall_permille: int
    screening_defocus_s: int
    screening_frozen_change_milli: int
    screening_frozen_coding_milli: int
    screening_frozen_coded_looks: int
    screening_frozen_s: int
    screening_unmoving_change_milli: int
    screening_unmoving_s: int
    screening_unmoving_stray_permille: int
    screening_view_every_s: int
    screening_view_shift_permille: int
    screening_view_angle_degrees: int
    screening_view_least_points: int
    screening_view_other_points: int
    screening_view_s: int
    screening_jump_s: int
    screening_least_frames: int
    screening_frame_rate_s: int
    screening_undecodable_count: int
    screening_clock_instants: int
    screening_clock_score_permille: int
    screening_clock_agreed_permille: int
    screening_clock_least_reads: int
    screening_clock_other_minutes: int
    screening_clock_jump_s: int
    screening_clock_retry_days: int
    screening_sound_step_s: int
    screening_silent_db: int
    screening_silent_s: int
    screening_sound_required: int
    min_height_px: int
    screening_heads_instants: int
    screening_heads_width_px: int
    screening_heads_score_permille: int
    screening_heads_share_permille: int
    screening_heads_least_group: int
    screening_heads_least_instants: int
    screening_heads_proof_permille: int
    screening_heads_over_count: int

    @property
    def version(self) -> str:
        """Names method and figures: a recording is screened once under each."""
        return f"{METHOD}-{hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:10]}"
