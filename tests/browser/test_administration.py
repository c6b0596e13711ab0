"""An administrator lets people in and out; a head of institution gives machines their keys; everyone finds the public page."""

import re

from playwright.sync_api import expect

from api.auth.roles import Role
from tests.browser.conftest import People, look
from tests.factories.world import World


def test_a_new_person_gets_a_password_once_and_is_shut_out_again(people: People, world: World) -> None:
    people.expected |= {401, 403, 422}
    admin = people.signed_in(Role.ADMINISTRATOR)
    admin.goto("/accounts")
    admin.get_by_role("link", name="New account").click()
    admin.get_by_label("Sign-in name").fill("cao.chunmei")
    admin.get_by_label("Name", exact=True).fill("曹春梅")
    admin.get_by_label("Role").select_option("institution-operator")
    admin.get_by_role("button", name="Create the account").click()
    expect(admin.get_by_role("alert")).to_be_visible()  # an operator without an institution
    expect(admin.get_by_label("Sign-in name")).to_have_value("cao.chunmei")
    admin.get_by_label("Institution").select_option(label=world.institution.name)
    admin.get_by_role("button", name="Create the account").click()
    password = admin.locator(".secret code").inner_text()

    person = people.stranger()
    person.goto("/login")
    person.get_by_label("User name").fill("cao.chunmei")
    person.get_by_label("Password").fill(password)
    person.get_by_role("button", name="Sign in").click()
    expect(person.get_by_role("heading", name="Change password")).to_be_visible()
    person.get_by_label("Present password").fill(password)
    person.get_by_label("New password").fill("four old bicycles 7")
    person.get_by_role("button", name="Change password").click()
    expect(person.locator(".viewer")).to_contain_text(world.institution.name)

    admin.goto("/accounts?q=cao")
    admin.get_by_role("link", name="cao.chunmei").click()
    expect(admin.locator(".secret")).to_have_count(0)
    admin.get_by_role("button", name="Shut the account").click()
    admin.get_by_label("Reason").fill("left the school")
    admin.get_by_role("button", name="Shut", exact=True).click()
    expect(admin.locator(".facts")).to_contain_text("shut")
    person.goto("/coverage")
    expect(person.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_key_works_from_its_making_to_its_revocation(people: People, world: World) -> None:
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    head.goto("/keys")
    head.get_by_role("button", name="New key").click()
    head.get_by_label("Name").fill("recorder in the office")
    head.get_by_role("button", name="Make the key").click()
    secret = head.locator(".secret code").inner_text()
    assert re.fullmatch(r"cpk_[0-9a-f]{12}\.[\w-]{43}", secret)
    agent = people.browser.new_context(base_url=people.site.url, extra_http_headers={"Authorization": f"Bearer {secret}"})
    people.contexts.append(agent)
    assert agent.request.get("/api/v1/uploads").status == 200
    assert agent.request.get("/api/v1/institutions").status == 403  # a scope that was not offered
    head.goto("/keys")
    head.get_by_role("button", name="Revoke recorder in the office").click()
    head.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(head.get_by_text("revoked", exact=True)).to_be_visible()
    assert agent.request.get("/api/v1/uploads").status == 401


def test_administrators_pages_are_accessible_in_both_languages(people: People, world: World) -> None:
    for language in ("zh", "en"):
        admin = people.signed_in(Role.ADMINISTRATOR, language=language)
        account = people.accounts[admin.context]
        for path, name in (("/accounts", "accounts"), ("/accounts/new", "account-new"), (f"/accounts/{account}", "account"), ("/keys", "keys")):
            look(admin, path, f"{name}-{language}")


def test_the_public_page_needs_no_account_and_no_script(people: People) -> None:
    for language in ("zh", "en"):
        look(people.stranger(language), "/public", f"public-{language}")
    context = people.browser.new_context(base_url=people.site.url, java_script_enabled=False, locale="en-GB")
    people.contexts.append(context)
    page = context.new_page()
    page.goto("/public")
    expect(page.get_by_role("heading", name="What anyone can check")).to_be_visible()
    for name in ("verify_draw.py", "verify_log.py", "Download the head"):
        link = page.get_by_role("link", name=name).get_attribute("href") or ""
        assert context.request.get(link).ok
