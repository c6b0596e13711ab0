"""Signals in words: the name of each, what its figure means, and how good it was found to be."""

from gettext import NullTranslations
from typing import Final

from api.locale.marks import N_, Counted, nN_
from supervision.screening.levels import Pauses
from supervision.screening.looks import Code
from supervision.screening.opinions import Opinion
from supervision.screening.screening_models import ScreeningLead

NAMES: Final[dict[Code, str]] = {
    Code.BLACK: N_("Black picture"),
    Code.COVERED: N_("Covered lens"),
    Code.DEFOCUSED: N_("Out of focus"),
    Code.FROZEN: N_("Frozen picture"),
    Code.VIEW_MOVED: N_("Camera moved"),
    Code.TURNED_SINCE: N_("Camera turned since earlier lessons"),
    Code.UNUSUAL_VIEW: N_("Not the view of earlier lessons"),
    Code.TIME_JUMP: N_("Time missing inside the file"),
    Code.LOW_RESOLUTION: N_("Picture too small"),
    Code.LOW_FRAME_RATE: N_("Too few pictures a second"),
    Code.SILENT: N_("No sound"),
    Code.UNDECODABLE: N_("Pictures cannot be decoded"),
    Code.OTHER_VIEW: N_("Not the approved view"),
    Code.NO_MOVEMENT: N_("Nobody moves for long"),
    Code.CLOCK_OTHER_TIME: N_("Clock in the picture says another time"),
    Code.CLOCK_JUMP: N_("Clock in the picture leaps"),
    Code.LOOP: N_("Loop inside the recording"),
    Code.RECYCLED: N_("Same footage as another recording"),
    Code.SPLICED: N_("Piece of another recording"),
    Code.FEW_PEOPLE: N_("Few people for those signed in"),
    Code.OVER_CAPACITY: N_("More people than places"),
}
# what people together say of a lead: tone and word
OPINIONS: Final[dict[Opinion, tuple[str, str]]] = {
    Opinion.REAL: ("attention", N_("real")),
    Opinion.NOT_REAL: ("neutral", N_("not real")),
    Opinion.DISPUTED: ("bad", N_("people disagree")),
}
# what was done to the recordings of the measurement (bench/screening)
ATTACKS: Final[dict[str, str]] = {
    "black": N_("lens dark"),
    "covered": N_("lens covered"),
    "defocused": N_("focus lost"),
    "frozen": N_("picture frozen for 20 to 180 seconds"),
    "frozen-quiet": N_("frozen for 20 to 90 seconds, a sensor with hardly any noise, recorders with few bits or B pictures"),
    "moved": N_("camera turned"),
    "other-room": N_("camera in another room"),
    "turned-before": N_("camera turned before the lesson began"),
    "other-room-before": N_("camera in another room from the beginning"),
    "jump": N_("10 to 90 seconds cut out"),
    "clock-jump": N_("10 to 90 seconds cut out, times put right"),
    "clock-wrong": N_("clock of the camera 15 minutes to 10 hours wrong"),
    "old-recording": N_("a recording of another day"),
    "no-movement": N_("everybody gone for 21 to 25 minutes"),
    "undecodable": N_("20 to 180 seconds overwritten"),
    "gap": N_("10 to 90 seconds missing, both ends told to the second, also in the coverage"),
    "hour-re-encoded": N_("an hour seen anew by an encoder, drawn without one"),
    "hour-clock-replaced": N_("an hour under another clock, drawn without an encoder"),
    "hour-trimmed": N_("an hour cut, drawn without an encoder"),
    "hour-mirrored": N_("an hour mirrored, drawn without an encoder"),
    "hour-cropped": N_("an hour cropped by four to ten per cent, drawn without an encoder"),
    "hour-brightened": N_("an hour brighter or darker, drawn without an encoder"),
    "hour-slower": N_("an hour one to two per cent slower, drawn without an encoder"),
    "hour-quicker": N_("an hour one to two per cent quicker, drawn without an encoder"),
    "hour-beside": N_("an hour by a second camera beside the first, drawn without an encoder"),
    "packets-exact": N_("the same bytes, by the packets alone"),
    "packets-remuxed": N_("packets in another container, by the packets alone"),
    "packets-cut": N_("a piece of 3 to 9 minutes cut out without re-encoding, by the packets alone"),
    "piece": N_("6 to 10 minutes put into another lesson, by minutes on a line alone, drawn without an encoder"),
    "low-frame-rate": N_("one to seven pictures a second for 3 to 5 minutes"),
    "low-resolution": N_("144 to 700 lines"),
    "muted": N_("microphone muted for 11 to 25 minutes"),
    "unplugged": N_("microphone unplugged for 11 to 25 minutes"),
    "muted-throughout": N_("microphone muted from beginning to end"),
    "loop": N_("a piece of 45 to 120 seconds played again two or three times, drawn without an encoder"),
    "loop-once": N_("a piece of 45 to 120 seconds played again once, drawn without an encoder"),
    "loop-encoded": N_("the same in lessons of ten minutes, through a real encoder"),
    "filled": N_("5 to 20 minutes filled with a piece of 1 to 5, drawn without an encoder"),
    "piece-one": N_("one to two minutes put into another lesson, among fifty lessons of the room, drawn without an encoder"),
    "piece-two": N_("two to four minutes put into another lesson, among fifty lessons of the room, drawn without an encoder"),
    "piece-six": N_("six to ten minutes put into another lesson, among fifty lessons of the room, drawn without an encoder"),
    "loop-short": N_("2 to 15 minutes filled with a piece of 12 to 45 seconds, drawn without an encoder"),
    "loop-few": N_("a piece of 45 to 120 seconds with one to four people in it, played again two or three times, drawn without an encoder"),
    "exact": N_("the same bytes"),
    "remuxed": N_("packets in another container"),
    "stream-cut": N_("a piece cut out without re-encoding"),
    "re-encoded": N_("encoded anew"),
    "hevc": N_("encoded anew as H.265"),
    "rescaled": N_("another size"),
    "trimmed": N_("cut and encoded anew"),
    "mirrored": N_("mirrored and encoded anew"),
    "cropped": N_("four to ten per cent cropped"),
    "brightened": N_("brighter or darker"),
    "clock-replaced": N_("another clock"),
    "slower": N_("one to two per cent slower"),
    "quicker": N_("one to two per cent quicker"),
    "combined": N_("several of these at once"),
    "beside": N_("a second camera beside the first"),
}
# on what pictures heads were counted for the measurement (bench/screening_heads.py)
HEAD_KINDS: Final[dict[str, str]] = {
    "real": N_("real pictures, counted by eye"),
    "drawn-facing": N_("drawn, all facing the camera"),
    "drawn-mixed": N_("drawn, some with their backs to it"),
    "drawn-behind": N_("drawn, all with their backs to it"),
}
# what may be behind it, where the figure alone misleads
MEANINGS: Final[dict[Code, str]] = {
    Code.CLOCK_OTHER_TIME: N_(
        "Either the clock of the camera is wrong, or the recording is older than it is said to be: the picture alone cannot tell which. "
        "A constant difference of a few minutes is common and is not told."
    ),
    Code.SILENT: N_(
        "The microphone may be muted, broken or not there. One behind a noise gate writes nothing while nobody speaks, so a long break looks the "
        "same. A camera of which no sound was ever heard is told once and weakly; only levels are kept, never what is said."
    ),
    Code.TURNED_SINCE: N_(
        "No view of this camera was approved, so the first clear picture is compared with those of its earlier recordings; none of them agrees. "
        "Put the camera back, or have the new view approved. Once the bureau calls such a lead not real, the new view counts as known."
    ),
    Code.UNUSUAL_VIEW: N_(
        "No view of this camera was approved, so the first clear picture is compared with those of its earlier recordings; none of them shows this "
        "place. The room may have been rearranged, the camera moved, or the lesson held elsewhere. Once it is called not real, it counts as known."
    ),
    Code.CLOCK_JUMP: N_("Something may have been cut out or put in there, or the clock was set just then: look at both sides of the leap."),
}
# what the rest of the recording says of the microphone, beside a lead of no sound
PAUSES: Final[dict[Pauses, str]] = {
    Pauses.ROOM: N_(
        "Elsewhere in this recording not one piece is silent: most likely this microphone writes the sound of the room in pauses, "
        "and then a stretch without any is no mere break."
    ),
    Pauses.NOTHING: N_(
        "Elsewhere in this recording the microphone writes nothing in pauses either (a noise gate): this may be a long break in which nobody spoke. "
        "The sound cannot tell which; look at the pictures."
    ),
    Pauses.UNKNOWN: N_("The rest of the recording does not show whether this microphone writes the sound of the room when nobody speaks."),
}
# read from the file itself: there is nothing to estimate
EXACT: Final = frozenset({Code.LOW_RESOLUTION, Code.LOW_FRAME_RATE})
# measured as counts, in the table of head counts
COUNTED: Final = frozenset({Code.FEW_PEOPLE, Code.OVER_CAPACITY})
# figure and threshold, each in the unit of the signal
FIGURES: Final[dict[Code, str | Counted]] = {
    Code.BLACK: N_("mean grey level %(figure)s of 255, black at %(threshold)s or less"),
    Code.COVERED: N_("%(figure)s ‰ of the picture shows any structure, covered at %(threshold)s ‰ or less"),
    Code.DEFOCUSED: N_("sharpness %(figure)s ‰, out of focus below %(threshold)s ‰"),
    Code.FROZEN: nN_(
        "changes by %(figure)s thousandth of a grey level, frozen at %(threshold)s or less",
        "changes by %(figure)s thousandths of a grey level, frozen at %(threshold)s or less",
        "figure",
    ),
    Code.VIEW_MOVED: N_("shifted or zoomed by %(figure)s ‰ of the width, moved above %(threshold)s ‰ or when turned"),
    Code.TURNED_SINCE: N_("%(figure)s ‰ of the width away from what this camera showed in earlier recordings, told above %(threshold)s ‰"),
    Code.UNUSUAL_VIEW: nN_(
        "%(figure)s point of any earlier recording of this camera is found, another view below %(threshold)s",
        "%(figure)s points of any earlier recording of this camera are found, another view below %(threshold)s",
        "figure",
    ),
    Code.TIME_JUMP: N_("%(figure)s s are missing, told from %(threshold)s s on"),
    Code.LOW_RESOLUTION: N_("%(figure)s lines, at least %(threshold)s are required"),
    Code.LOW_FRAME_RATE: nN_(
        "%(figure)s picture a second, at least %(threshold)s are required",
        "%(figure)s pictures a second, at least %(threshold)s are required",
        "figure",
    ),
    Code.SILENT: N_("at its loudest %(figure)s dB of full scale, no sound at %(threshold)s dB or less"),
    Code.UNDECODABLE: N_("%(figure)s key frames in a row give no picture, told from %(threshold)s on"),
    Code.OTHER_VIEW: nN_(
        "%(figure)s point of the approved view is found, another view below %(threshold)s",
        "%(figure)s points of the approved view are found, another view below %(threshold)s",
        "figure",
    ),
    Code.NO_MOVEMENT: nN_(
        "changes by at most %(figure)s thousandth of a grey level, movement from %(threshold)s on",
        "changes by at most %(figure)s thousandths of a grey level, movement from %(threshold)s on",
        "figure",
    ),
    Code.CLOCK_OTHER_TIME: N_("the clock in the picture and the claimed time are %(figure)s minutes apart, told above %(threshold)s"),
    Code.CLOCK_JUMP: N_("the clock in the picture leaps by %(figure)s s against the recording, told above %(threshold)s"),
    Code.LOOP: N_("what the pictures say for a repetition adds up to %(figure)s (natural logarithms), told from %(threshold)s on"),
    Code.SPLICED: N_("what the pictures say for another recording adds up to %(figure)s (natural logarithms), told from %(threshold)s on"),
    Code.RECYCLED: nN_(
        "%(figure)s minute (or coded picture) on one line of time, told from %(threshold)s on",
        "%(figure)s minutes (or coded pictures) on one line of time, told from %(threshold)s on",
        "figure",
    ),
    Code.FEW_PEOPLE: nN_(
        "never more than %(figure)s visible face, told below %(threshold)s; whoever is seen from behind is not counted",
        "never more than %(figure)s visible faces, told below %(threshold)s; whoever is seen from behind is not counted",
        "figure",
    ),
    Code.OVER_CAPACITY: nN_(
        "%(figure)s visible faces at least twice, the room has %(threshold)s place",
        "%(figure)s visible faces at least twice, the room has %(threshold)s places",
        "threshold",
    ),
}


def figure_text(lead: ScreeningLead, catalogue: NullTranslations) -> str:
    """The figure beside its threshold, in the reader's language."""
    text, facts = FIGURES[lead.code], {"figure": short(lead.figure), "threshold": short(lead.threshold)}
    return text.told(catalogue, facts) if isinstance(text, Counted) else catalogue.gettext(text) % facts


def short(value: float) -> str:
    """Three digits are what a measurement is good for."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
