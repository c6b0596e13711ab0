"""The figures of the policy over HTTP: anyone may look, on any day, and take them along. R20."""

import re
from collections.abc import Iterator

import httpx
import pytest

from compliance.policy.book import Book
from tests.site_fixtures import Site


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, timeout=30, headers={"Accept-Language": "zh"}) as client:
        yield client


def test_a_stranger_sees_every_figure_with_its_clause_in_the_words_of_the_document(stranger: httpx.Client) -> None:
    page = stranger.get("/policy")
    assert page.status_code == 200
    assert set(re.findall(r'<tr id="(\w+)">', page.text)) == set(Book.load().parameters)
    assert "培训机构保存培训监控全程视频资料备查时间2年" in page.text
    assert "县文件" in page.text


def test_a_search_and_a_source_narrow_the_list(stranger: httpx.Client) -> None:
    found = stranger.get("/policy", params={"q": "R73 备查"}).text
    assert re.findall(r'<tr id="(\w+)">', found) == ["retention_years"]
    assert "retention_years" in re.findall(r'<tr id="(\w+)">', stranger.get("/policy", params={"source": "[SEED]"}).text)
    assert "patrol_days" not in re.findall(r'<tr id="(\w+)">', stranger.get("/policy", params={"source": "[SEED]"}).text)


def test_before_the_document_nothing_is_in_force_and_what_is_no_day_is_told(stranger: httpx.Client) -> None:
    assert "尚未生效" in stranger.get("/policy", params={"on": "2023-05-04"}).text
    assert "尚未生效" not in stranger.get("/policy", params={"on": "2023-05-05", "q": "R73"}).text
    wrong = stranger.get("/policy", params={"on": "2026-02-30"})
    assert (wrong.status_code, "日期不正确。" in wrong.text) == (200, True)


def test_the_list_can_be_taken_along(stranger: httpx.Client) -> None:
    lines = stranger.get("/policy", params={"q": "retention_years", "export": "csv"}).content.decode("utf-8-sig").splitlines()
    assert (
        lines[1] == "retention_years,培训监控全程视频资料备查时间,how long whole-course footage is kept for inspection,2,years,2023-05-05,R73,[SEED]"
    )
