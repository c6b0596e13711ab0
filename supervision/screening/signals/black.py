"""The picture is black: lamp out, cap on, cable off. R71; F-09."""

from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.bare import bare_and_dark
from supervision.screening.signals.spans import Bools, lasting

CLAUSE = "R71, F-09"


def held(glances: Glances, rule: ScreeningRule) -> Bools:
    """Dark all over and without structure; a dark room with a lit screen has structure."""
    bare, dark = bare_and_dark(glances, rule)
    return bare & dark


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Where it holds for long enough."""
    dark = held(glances, rule)
    found = []
    for first, stop, from_ms, to_ms in lasting(dark, glances.media_ms, duration_ms, rule.screening_black_s * 1000):
        figure = float(glances.mean[first:stop].mean())
        middle = int(glances.media_ms[(first + stop - 1) // 2])
        found.append(Found(Code.BLACK, from_ms, to_ms, figure, rule.screening_black_grey, strength(figure, rule.screening_black_grey, 0), middle))
    return found
