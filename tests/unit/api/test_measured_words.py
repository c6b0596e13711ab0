"""Every row of the table of how good the machine is says in words what was done to the recordings. R60."""

from api.pages.leads.words import ATTACKS, NAMES
from bench.screening_drawn import PIECE
from bench.screening_loops import OF_A_PLACE
from supervision.screening import measured


def test_every_measured_attack_and_signal_has_words() -> None:
    known = measured.read()
    assert {recall.attack for one in known.values() for recall in one.recalls} <= set(ATTACKS)
    assert set(known) <= set(NAMES)


def test_what_the_measurements_write_has_words_too() -> None:
    hours = {f"hour-{one}" for one in ("trimmed", "mirrored", "brightened", "cropped", "slower", "quicker", "beside", "re-encoded", "clock-replaced")}
    assert {*OF_A_PLACE, PIECE, "loop-encoded", "gap", "packets-exact", "packets-remuxed", "packets-cut"} | hours <= set(ATTACKS)
