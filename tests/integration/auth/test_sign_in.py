"""Passwords, codes, sessions."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from api.auth.accounts import forget_code_device, shut_account
from api.auth.roles import Role
from api.auth.sessions import ABSOLUTE, IDLE
from api.auth.throttle import ADDRESS_TRIES, NAME_TRIES, Bucket, login_buckets, take
from api.auth.tokens import token_hash
from storage.database.session import BUREAU, SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from tests.integration.auth.conftest import SECRET, Door, form_token_of


def test_an_operator_signs_in_with_a_password_and_is_known(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    browser = person.sign_in()
    me = door.script(browser).get("/api/v1/me").json()
    assert me["login_name"] == person.name
    assert me["institution_id"] == str(door.institutions["GX001"])


def test_the_session_cookie_is_http_only_lax_and_its_token_is_nowhere_in_the_database(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    browser = door.browser()
    cookie = person.password_step(browser).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Domain" not in cookie
    token = browser.cookies["classproof"]
    assert len(token) >= 43
    with door.services.database.transaction(SYSTEM) as session:
        kept = session.execute(text("select token_sha256 from login_session where account_id = :id"), {"id": person.id}).scalar_one()
    assert bytes(kept) == token_hash(token)


def test_a_bureau_role_gets_nowhere_without_a_code(door: Door) -> None:
    person = door.account(Role.BUREAU_OFFICER)
    browser = door.browser()
    assert person.password_step(browser).headers["location"].startswith("/login/code")
    assert door.script(browser).get("/api/v1/try/bureau").status_code == 401
    assert person.code_step(browser).status_code == 303
    assert door.script(browser).get("/api/v1/try/bureau").json() == {"role": "bureau-officer"}


def test_a_code_is_good_once(door: Door) -> None:
    person = door.account(Role.INSPECTOR)
    person.sign_in()
    code = person.code()
    again = door.browser()
    assert person.password_step(again).status_code == 303
    refused = person.code_step(again, code)
    assert refused.status_code == 401
    door.hands.forward(seconds=30)
    assert person.code_step(again).status_code == 303


def test_the_token_changes_at_every_step_and_a_planted_one_is_worth_nothing(door: Door) -> None:
    person = door.account(Role.INSPECTOR)
    browser = door.browser()
    browser.cookies.set("classproof", "planted-by-somebody-else-planted-by-somebody", domain="127.0.0.1", path="/")
    person.password_step(browser)
    pending = browser.cookies["classproof"]
    person.code_step(browser)
    full = browser.cookies["classproof"]
    assert len({pending, full, "planted-by-somebody-else-planted-by-somebody"}) == 3
    for dead in (pending, "planted-by-somebody-else-planted-by-somebody"):
        assert httpx.get(f"{door.url}/api/v1/me", cookies={"classproof": dead}).status_code == 401


def test_a_session_ends_when_idle_and_at_its_age_however_busy(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    idle = door.script(person.sign_in())
    door.hands.forward(seconds=IDLE.total_seconds() + 1)
    assert idle.get("/api/v1/me").status_code == 401
    busy = door.script(person.sign_in())
    spent = 0.0
    while spent < ABSOLUTE.total_seconds() - 1200:
        door.hands.forward(seconds=1200)
        spent += 1200
        assert busy.get("/api/v1/me").status_code == 200
    door.hands.forward(seconds=1201)
    assert busy.get("/api/v1/me").status_code == 401


def test_signing_out_kills_the_token_on_the_server(door: Door) -> None:
    browser = door.account(Role.INSTITUTION_OPERATOR, "GX001").sign_in()
    stolen = door.script(browser)
    token = stolen.get("/api/v1/me").json()["csrf_token"]
    assert browser.post("/logout", data={"csrf_token": token}).headers["location"] == "/login"
    assert stolen.get("/api/v1/me").status_code == 401


def test_shutting_an_account_ends_its_sessions_and_a_new_sign_in_is_refused_like_a_wrong_password(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    script = door.script(person.sign_in())
    with door.services.database.transaction(SYSTEM) as session:
        shut_account(session, person.id, actor=SYSTEM_ACTOR, at=door.hands.at, reason="left")
    assert script.get("/api/v1/me").status_code == 401
    assert person.password_step(door.browser()).status_code == 401


def test_a_verifier_is_out_when_the_contract_ends(door: Door) -> None:
    person = door.account(Role.THIRD_PARTY_VERIFIER, valid_until=door.hands.at + timedelta(hours=1))
    script = door.script(person.sign_in())
    assert script.get("/api/v1/me").status_code == 200
    door.hands.forward(minutes=29)
    assert script.get("/api/v1/me").status_code == 200
    door.hands.forward(minutes=29)
    assert script.get("/api/v1/me").status_code == 200
    door.hands.forward(minutes=3)
    assert script.get("/api/v1/me").status_code == 401
    assert person.password_step(door.browser()).status_code == 401


def test_a_lost_phone_is_forgotten_and_the_next_sign_in_links_a_new_one(door: Door) -> None:
    person = door.account(Role.INSPECTOR)
    script = door.script(person.sign_in())
    first = person.secret
    with door.services.database.transaction(SYSTEM) as session:
        forget_code_device(session, person.id, actor=SYSTEM_ACTOR, at=door.hands.at)
    assert script.get("/api/v1/me").status_code == 401
    person.sign_in()
    assert person.secret != first


def test_wrong_name_and_wrong_password_read_the_same(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    wrong = person.password_step(door.browser(), "not the password at all")
    person.name = "nobody-of-this-name"
    unknown = person.password_step(door.browser(), "not the password at all")
    assert wrong.status_code == unknown.status_code == 401
    texts = [answer.text.split('role="alert"')[1].split("</section>")[0] for answer in (wrong, unknown)]
    assert texts[0] == texts[1]


def test_guessing_is_throttled_with_a_time_to_wait_and_even_the_right_password_waits(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    browser = door.browser()
    answers = [person.password_step(browser, f"guess number {number} is wrong") for number in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert person.password_step(browser).status_code == 429
    door.hands.forward(seconds=61)
    assert person.password_step(browser).status_code == 303


def test_one_address_that_tries_many_names_is_throttled_and_the_other_names_owners_are_not(door: Door) -> None:
    guesser, owner = door.account(Role.INSTITUTION_OPERATOR, "GX001"), door.account(Role.INSTITUTION_OPERATOR, "GX002")
    address = Bucket("address:127.0.0.1", *ADDRESS_TRIES)
    for _ in range(ADDRESS_TRIES[0] - 2):  # tried with as many names; each would cost a password hash here
        take(door.services.database, door.services.clock, [address])
    browser = door.browser()
    names = [guesser.name, "nobody-a", "nobody-b"]
    seen = []
    for guesser.name in names:
        seen.append(guesser.password_step(browser, "one guess for each name").status_code)
    assert seen == [401, 401, 429]
    assert owner.password_step(door.browser()).status_code == 429  # from this address; in six seconds one more try
    door.hands.forward(seconds=ADDRESS_TRIES[1] + 1)
    assert owner.password_step(door.browser()).status_code == 303


def test_many_addresses_that_try_one_name_are_throttled_by_the_name(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    for number in range(NAME_TRIES[0]):
        take(door.services.database, door.services.clock, login_buckets(person.name, f"203.0.113.{number}"))
    refused = person.password_step(door.browser())
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) <= NAME_TRIES[1]


def test_changing_the_password_ends_every_other_session_and_keeps_this_one(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    here, elsewhere = person.sign_in(), person.sign_in()
    assert elsewhere.get("/page").status_code == 200
    token = form_token_of(here.get("/account/password").text)
    assert here.post("/account/password", data={"csrf_token": token, "old": SECRET, "new": "ganz andere Dinge 41"}).status_code == 303
    assert door.script(elsewhere).get("/api/v1/me").status_code == 401
    assert door.script(here).get("/api/v1/me").status_code == 200


def test_a_forged_forwarded_address_buys_no_further_guesses(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    browser = door.browser()
    for number in range(5):
        person.password_step(browser, "wrong wrong wrong", **{"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"})
    assert person.password_step(browser, **{"X-Forwarded-For": "203.0.113.99", "Forwarded": "for=203.0.113.99"}).status_code == 429


def test_codes_cannot_be_guessed(door: Door) -> None:
    person = door.account(Role.INSPECTOR)
    person.sign_in()
    browser = door.browser()
    person.password_step(browser)
    seen = [person.code_step(browser, f"00000{number}").status_code for number in range(6)]
    assert seen == [401] * 5 + [429]
    door.hands.forward(minutes=10)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_a_sign_in_started_by_another_site_is_refused(door: Door, headers: dict[str, str]) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    assert person.password_step(door.browser(), **headers).status_code == 403


def test_a_sign_in_form_without_its_token_is_refused(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001")
    browser = door.browser()
    browser.get("/login")
    assert browser.post("/login", data={"name": person.name, "password": SECRET}).status_code == 403


def test_next_leads_to_this_site_only(door: Door) -> None:
    browser = door.browser()
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert 'name="next" value="/"' in browser.get("/login", params={"next": elsewhere}).text


def test_a_password_set_by_somebody_else_must_be_changed_first(door: Door) -> None:
    person = door.account(Role.INSTITUTION_OPERATOR, "GX001", must_change_password=True)
    browser = person.sign_in()
    assert browser.get("/page").headers["location"] == "/account/password"
    assert door.script(browser).post("/api/v1/try/upload", headers={"X-ClassProof": "1"}).json()["type"] == "/problems/password-change-needed"
    token = form_token_of(browser.get("/account/password").text)
    weak = browser.post("/account/password", data={"csrf_token": token, "old": SECRET, "new": "password2026"})
    assert weak.status_code == 422
    wrong = browser.post("/account/password", data={"csrf_token": token, "old": "not it, not it", "new": "ganz andere Dinge 41"})
    assert wrong.status_code == 401
    changed = browser.post("/account/password", data={"csrf_token": token, "old": SECRET, "new": "ganz andere Dinge 41"})
    assert changed.status_code == 303, changed.text
    assert browser.get("/page").status_code == 200
    assert person.password_step(door.browser()).status_code == 401


def test_an_institution_account_may_choose_a_code_and_then_owes_it(door: Door) -> None:
    person = door.account(Role.INSTITUTION_HEAD, "GX001")
    browser = person.sign_in()
    token = form_token_of(browser.get("/account/code").text)
    assert browser.post("/account/code/start", data={"csrf_token": token}).status_code == 303
    shown = browser.get("/account/code").text
    assert "<svg" in shown
    person.secret = shown.split("<code>")[1].split("</code>")[0].replace(" ", "")
    assert browser.post("/account/code", data={"csrf_token": token, "code": person.code()}).status_code == 303
    assert person.password_step(door.browser()).headers["location"].startswith("/login/code")


def test_hashes_and_sessions_are_out_of_reach_of_a_page(door: Door) -> None:
    with door.services.database.transaction(BUREAU) as session:
        for table in ("credential", "login_session", "login_throttle"):
            assert session.execute(text(f"select count(*) from {table}")).scalar_one() == 0


def test_somebody_signed_in_may_sign_in_again_and_is_fresh(door: Door) -> None:
    person = door.account(Role.ADMINISTRATOR)
    browser = person.sign_in()
    old = browser.cookies["classproof"]
    door.hands.forward(minutes=6)
    person.sign_in(browser)
    assert browser.cookies["classproof"] != old
    assert httpx.get(f"{door.url}/api/v1/me", cookies={"classproof": old}).status_code == 401
    made = {"login_name": "frisch", "display_name": "F", "role": "inspector", "password": "lauter bunte Vögel 3"}
    assert door.script(browser).post("/api/v1/accounts", json=made, headers={"X-ClassProof": "1"}).status_code == 201


def test_a_public_change_started_by_another_site_is_refused(door: Door) -> None:
    assert door.browser().post("/language", data={"lang": "en"}, headers={"Origin": "https://evil.example"}).status_code == 403
    answer = door.browser().post("/language", data={"lang": "en", "next": "//evil.example"})
    assert answer.headers["location"] == "/"
    assert "lang=en" in answer.headers["set-cookie"]
