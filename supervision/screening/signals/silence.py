"""There is no sound at all in the recording. R71. The track alone is looked at: what is said is nobody's business here."""

from supervision.screening.looks import Code, Found
from supervision.screening.rules import ScreeningRule

CLAUSE = "R71"


def find(*, has_sound: bool, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    del rule
    if has_sound or duration_ms <= 0:
        return []
    return [Found(Code.SILENT, 0, duration_ms, 0, 1, 1000, 0)]
