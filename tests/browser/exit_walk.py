"""The steps of an exit case as people take them on the pages, for tests that begin in the middle of one. 2.3.5."""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from api.auth.roles import Role
from tests.browser.conftest import People, in_both
from tests.factories.world import World
from tests.site_fixtures import Hands

MEASURES = {"exclude": 12, "restrict": 6, "correct": 0}


def state(page: Page, words: str) -> None:
    expect(page.locator(".facts").first).to_contain_text(words)


@dataclass
class Walk:
    """One case with the people who take its steps; `path` is known once it was recorded."""

    people: People
    world: World
    hands: Hands
    path: str = ""

    def __post_init__(self) -> None:
        self.officer = self.people.signed_in(Role.BUREAU_OFFICER)
        self.second = self.people.signed_in(Role.BUREAU_OFFICER)
        self.lawyer = self.people.signed_in(Role.LEGAL_OFFICER)
        self.leader = self.people.signed_in(Role.BUREAU_LEADER)
        self.head = self.people.signed_in(Role.INSTITUTION_HEAD, self.world.institution.id)

    def at(self, page: Page) -> Page:
        """The page of the case, the person freshly signed in: days may have gone by."""
        self.people.sign_in_again(page.context)
        page.goto(self.path)
        return page

    def in_both(self, page: Page, name: str) -> None:
        """Looked at in both languages by a person freshly signed in."""
        self.people.sign_in_again(page.context)
        in_both(page, self.people, self.path, f"exit-{name}")

    def later(self, **by: float) -> None:
        self.hands.forward(**by)

    def recorded(self) -> None:
        page = self.officer
        school = self.world.institution
        page.goto("/records")
        page.get_by_label("Institution", exact=True).select_option(label=f"{school.code} {school.name}")
        page.get_by_role("button", name="Show", exact=True).click()
        page.get_by_text("Record an audit").click()
        page.get_by_label("Issued by").fill("临汾市审计局")
        page.get_by_label("Level").select_option("city")
        page.get_by_label("Document number").fill("临审报〔2026〕12号")
        page.get_by_label("Dated").fill("2026-10-08")
        page.locator("[name=summary]").fill("以虚假签到套取补贴")
        page.get_by_label("major problem: an exit case is opened").check()
        page.get_by_label("Why it is classified so").fill("涉及多期、金额大")
        page.get_by_role("button", name="Record the audit", exact=True).click()
        state(page, "evidence frozen")
        self.path = page.url.removeprefix(self.people.site.url)

    def noticed(self, measure: str = "exclude") -> None:
        self.recorded()
        page = self.at(self.officer)
        page.get_by_label("Facts and reasons").fill("审计查实以虚假签到套取补贴，2026-10-08出具报告")
        page.get_by_label("Measure").select_option(measure)
        page.get_by_label("Months").fill(str(MEASURES[measure]))
        page.get_by_role("button", name="Hand to the legal officer").click()
        lawyer = self.at(self.lawyer)
        for box in lawyer.get_by_role("checkbox").all():
            box.check()
        lawyer.get_by_label("Opinion").fill("合法")
        lawyer.get_by_label("Lawful: the notice may be served").check()
        lawyer.get_by_role("button", name="Sign the review").click()
        self.at(self.officer).get_by_role("button", name="Sign and serve", exact=True).click()
        state(self.officer, "notice served")

    def served(self, *answers: str) -> None:
        """From the end of the days, or the hearing, to the served decision, as the notice intended it."""
        page = self.at(self.second)
        page.get_by_label("Opinion").fill("已复核，事实成立")
        page.get_by_label("stands", exact=True).check()
        page.get_by_role("button", name="Sign the recheck").click()
        page = self.at(self.officer)
        page.get_by_label("Facts and reasons").fill("事实清楚，证据充分")
        for number, answer in enumerate(answers, start=1):
            page.get_by_label(f"Answer to point {number}").fill(answer)
        page.get_by_label("Collective discussion").fill("2026-12-04局长办公会研究同意")
        page.get_by_role("button", name="Hand to the leader").click()
        state(page, "waits for the leader")
        self.at(self.leader).get_by_role("button", name="Sign the decision").click()
        state(self.leader, "decided, not served")
        page = self.at(self.officer)
        page.get_by_label("How it was served").fill("直接送达")
        page.get_by_label("Received by").fill("赵一")
        page.get_by_role("button", name="Record the service").click()
        expect(page.get_by_text("Proof of service").first).to_be_visible()
