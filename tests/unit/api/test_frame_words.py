"""Languages, formats, lists, labels."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from api.http.messages import defect_text
from api.locale.catalogues import DOMAINS, defects, used_messages
from api.locale.language import browser_messages, choose_language, preferred_language, translations
from api.pages import formats
from api.pages.coverage_bar import WIDTH_UNITS, coverage_bar
from api.pages.frame import environment
from api.pages.labels import LABELS
from api.pages.listing import Column, Listing
from api.pages.stages import STAGES, nav
from compliance.approvals.lifecycle import ApprovalState, LateState
from compliance.rating.item_lifecycle import ItemState
from compliance.rating.lifecycle import RatingState
from storage.kernel.span import Span
from storage.uploads.models import UploadState
from supervision.footage.lifecycle import ExplanationState, RecordingState, SlotState

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 11, 24, 1, 13, 5, tzinfo=UTC)


def request(path: str = "/", query: str = "", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": raw, "server": ("site", 80), "scheme": "http"}
    )


def test_the_cookie_decides_the_language_before_the_browser_does() -> None:
    assert choose_language(request(cookie="lang=en", accept_language="zh-CN")) == "en"


def test_without_cookie_the_browser_decides_and_without_either_it_is_chinese() -> None:
    assert choose_language(request(accept_language="en-GB,en;q=0.8")) == "en"
    assert choose_language(request()) == "zh"
    assert choose_language(request(cookie="lang=xx", accept_language="fr")) == "zh"


@pytest.mark.parametrize(
    ("header", "expected"),
    [("en;q=0.3, zh-CN;q=0.9", "zh"), ("fr, en", "en"), ("zh;q=0, en;q=0.1", "en"), ("de", None), ("", None), ("en;q=abc", None)],
)
def test_accept_language_weights_count(header: str, expected: str | None) -> None:
    assert preferred_language(header) == expected


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_message_has_a_chinese_text_and_none_is_obsolete(domain: str) -> None:
    found = defects(domain)
    assert not found, found
    assert used_messages(domain)


def test_a_message_used_but_not_in_the_catalogue_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    used = used_messages("browser")
    monkeypatch.setattr("api.locale.catalogues.used_messages", lambda _domain: used | {"Nobody translated this": ["x.js"]})
    assert defects("browser").missing == ["Nobody translated this"]


def test_a_message_no_longer_used_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    used = used_messages("browser")
    gone = next(iter(used))
    monkeypatch.setattr("api.locale.catalogues.used_messages", lambda _domain: {k: v for k, v in used.items() if k != gone})
    assert defects("browser").obsolete == [gone]


def test_the_compiled_catalogues_speak_chinese() -> None:
    assert translations("zh").gettext("Upload recordings") == "上传录像"
    assert browser_messages("zh")["Copied"] == "已复制"
    assert translations("en").gettext("Upload recordings") == "Upload recordings"


def test_dates_are_written_as_each_language_writes_them_in_the_bureaus_time() -> None:
    assert formats.instant_text(AT, "zh") == "2026年11月24日 09:13"
    assert formats.instant_text(AT, "en", seconds=True) == "24 Nov 2026 09:13:05"
    assert formats.date_text(datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "zh") == "2026年11月24日"
    assert formats.date_text(date(2028, 2, 29), "en") == "29 Feb 2028"
    assert formats.instant_text(None, "zh") == formats.NOTHING


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        formats.instant_text(datetime(2026, 11, 24), "zh")  # noqa: DTZ001 — the point of the test


def test_a_span_names_the_second_date_only_when_it_differs() -> None:
    assert formats.span_text(AT, AT + timedelta(hours=2), "zh") == "2026年11月24日 09:13–11:13"
    assert formats.span_text(AT, AT + timedelta(hours=20), "en") == "24 Nov 2026 09:13–25 Nov 2026 05:13"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.50 kB"), (999_600, "1.00 MB"), (3_456_000_000, "3.46 GB"), (25_000_000, "25.0 MB")]
)
def test_bytes(size: int, text: str) -> None:
    assert formats.bytes_text(size) == text


def test_durations_run_past_a_day_and_percentages_never_round_up_to_whole() -> None:
    assert formats.duration_text(timedelta(hours=30, seconds=61)) == "30:01:01"
    assert formats.duration_text(-61) == "−00:01:01"
    assert formats.percent_text(0.99999) == "99.9 %"
    assert formats.percent_text(1.0) == "100 %"


@pytest.mark.parametrize(
    ("text", "ms"), [("00:12:03.480", 723_480), ("2:05", 125_000), ("1:00:00.5", 3_600_500), ("x", None), ("1:75", None), ("", None)]
)
def test_positions_are_read_back(text: str, ms: int | None) -> None:
    assert formats.parse_position_ms(text) == ms
    if ms is not None:
        assert formats.parse_position_ms(formats.position_text(ms)) == ms


def test_a_coverage_bar_has_no_holes_and_its_parts_add_up() -> None:
    def span(start: int, end: int) -> Span:
        return Span(AT + timedelta(minutes=start), AT + timedelta(minutes=end))

    bar = coverage_bar(span(0, 120), [span(-10, 30), span(40, 60)], [span(25, 50), span(100, 140)])
    assert [(p.kind, p.seconds / 60) for p in bar.parts] == [("proven", 30), ("explained", 10), ("proven", 20), ("missing", 40), ("explained", 20)]
    assert bar.proven_s + bar.explained_s + bar.missing_s == bar.scheduled_s
    assert sum(p.width for p in bar.parts) == pytest.approx(WIDTH_UNITS, abs=0.01)


def test_a_list_keeps_search_filter_and_sort_in_its_address() -> None:
    columns = [Column("starts_at", "From", sort=True), Column("state", "State")]
    listing = Listing.of(
        request("/recordings", "q=%E7%84%8A%E5%B7%A5&state=missing&sort=-starts_at&after=x&evil=1"), columns, sort="starts_at", filters=["state"]
    )
    assert listing.descending and listing.is_narrowed and listing.after == "x"
    assert listing.first_page() == "/recordings?state=missing&q=%E7%84%8A%E5%B7%A5&sort=-starts_at"
    assert listing.sorted_by("starts_at").endswith("sort=starts_at")
    assert "after" not in listing.sorted_by("starts_at")


def test_a_sort_key_nobody_offers_falls_back() -> None:
    assert Listing.of(request("/x", "sort=password"), [Column("a", "From", sort=True)], sort="-a").sort_key == "a"


JUDGED = {"approval": ApprovalState, "late-request": LateState}


def test_every_state_of_every_machine_has_a_word_and_a_tone() -> None:
    machines = {"recording": RecordingState, "slot": SlotState, "gap-explanation": ExplanationState, "upload": UploadState}
    for machine, states in (machines | {"rating": RatingState, "credit-item": ItemState} | JUDGED).items():
        assert set(LABELS[machine]) == {state.value for state in states}


def test_the_navigation_follows_the_order_of_the_evidence() -> None:
    assert [item.key for item in nav("findings", "recordings", "coverage")] == ["recordings", "coverage", "findings"]
    with pytest.raises(KeyError):
        nav("nowhere")
    assert environment("zh").from_string("{{ _(label) }}").render(label=STAGES["recordings"][0]) == "录像"


def test_no_text_of_the_interface_is_hidden_from_the_collector_inside_an_f_string() -> None:
    hidden = [
        (path.name, line.strip())
        for path in (ROOT / "api").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"f(\"|')[^\n]*\{_\(", line)
    ]
    assert hidden == [], "the collector does not look into f-strings: give the text a name first"


def test_a_lesson_is_told_by_class_day_and_number() -> None:
    assert formats.lesson_text("GX002-2026-01/2026-11-29/1", "zh") == "GX002-2026-01 · 2026年11月29日第1节"
    assert formats.lesson_text("GX002-2026-01/2026-11-29/1", "en") == "GX002-2026-01 · 29 Nov 2026, no. 1"
    assert formats.lesson_text("GX002-2026-01/2026-11-29/1/GX002-B201-C1", "zh") == "GX002-2026-01 · 2026年11月29日第1节 · GX002-B201-C1"


@pytest.mark.parametrize("name", ["", "F2026-0001", "A/2026-13-01/1", "A/2026-11-29"])
def test_what_is_no_lesson_stays_as_it_is(name: str) -> None:
    assert formats.lesson_text(name, "zh") == name


def test_numbers_of_the_procedure_are_said_to_be_such() -> None:
    assert formats.clause_text("R64, 2.3.5", "zh") == "R64, 程序2.3.5"
    assert formats.clause_text("2.1", "en") == "procedure 2.1"


@pytest.mark.parametrize(
    ("state", "missing", "word"), [("covered", (), "已覆盖"), ("covered", ("a gap",), "部分覆盖"), ("missing", ("a gap",), "缺失")]
)
def test_a_slot_of_which_a_part_is_owed_does_not_look_safe(state: str, missing: tuple[str, ...], word: str) -> None:
    line = SimpleNamespace(slot=SimpleNamespace(state=SlotState(state)), coverage=SimpleNamespace(missing=missing))
    made = environment("zh").from_string('{% import "components/evidence.html" as evidence %}{{ evidence.slot_state(line) }}')
    told = made.render(line=line)
    assert word in told
    assert ("tone-ok" in told) == (word == "已覆盖")


def test_a_row_that_repeats_another_names_it() -> None:
    told = defect_text({"code": "repeats-a-row", "value": "110***002X", "row": 4, "first_row": 3}, "zh")
    assert told == "与第 3 行重复：110***002X"
