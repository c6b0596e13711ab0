"""Whose forwarded address is believed, and how a health check sees a process: on the real site and the real database."""

import asyncio
import http.client
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from sqlalchemy import text

from api import health
from api.auth.keys import create_key
from api.auth.roles import Role
from api.health import check
from api.http.services import Services
from api.pulse import beat, find_pulse, pulse_name
from api.schedule import Scheduler
from storage.database.session import SYSTEM
from storage.engines.errors import AddressNamesAnotherRole, DatabaseSilent, RoleTooStrong
from storage.engines.preparing import prepare_database
from storage.engines.processes import wait_until
from storage.engines.roles import require_plain_role, rights_of
from storage.kernel.settings import Settings
from storage.objects.errors import StoreIdentityTooStrong
from storage.objects.trial import try_lock, try_rights
from tests.engine_fixtures import TestDatabase
from tests.factories.world import make_world
from tests.integration.auth.conftest import form_token_of
from tests.people import account_of
from tests.site_fixtures import Site, serving

OUTSIDE = "203.0.113.7"


def tried_from(services: Services, trusted: str, forwarded: str) -> set[str]:
    """Fail to sign in with a forwarded address; the addresses that throttling counted."""
    believing = Services(**{**vars(services), "settings": services.settings.model_copy(update={"trusted_proxies": trusted})})
    with serving(believing) as site:
        _sign_in(site, forwarded)
    with services.database.transaction(SYSTEM) as session:
        buckets = session.scalars(text("select bucket from login_throttle where bucket like 'address:%'")).all()
        session.execute(text("delete from login_throttle"))
    return {str(bucket).removeprefix("address:") for bucket in buckets}


def _sign_in(site: Site, forwarded: str) -> None:
    with httpx.Client(base_url=site.url, headers={"X-Forwarded-For": forwarded}) as browser:
        token = form_token_of(browser.get("/login").text)
        answer = browser.post("/login", data={"name": "nobody", "password": "wrong wrong wrong", "next": "/", "csrf_token": token})
        assert answer.status_code in (200, 401)


def test_a_forwarded_address_is_believed_from_a_trusted_proxy_only(services: Services) -> None:
    assert tried_from(services, "", OUTSIDE) == {"127.0.0.1"}
    assert tried_from(services, "10.9.8.7, 192.0.2.0/24", OUTSIDE) == {"127.0.0.1"}
    assert tried_from(services, "127.0.0.1", OUTSIDE) == {OUTSIDE}
    assert tried_from(services, "127.0.0.0/8", f"6.6.6.6, {OUTSIDE}") == {OUTSIDE}, "what a caller wrote before the proxy added its own"


def test_a_pulse_is_seen_while_it_beats_and_gone_with_its_process(fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    url = fresh_database.app_url
    monkeypatch.setattr(health, "_database_url", lambda _settings: url)
    assert not check("worker", Settings()).well
    assert find_pulse(url, "worker") is None

    async def live() -> None:
        beating = asyncio.create_task(beat(url, "worker"))
        assert await asyncio.to_thread(wait_until, lambda: find_pulse(url, "worker") is not None, 10)
        verdict = await asyncio.to_thread(check, "worker", Settings())
        assert verdict.well, verdict.sentence
        assert "works" in verdict.sentence
        assert not (await asyncio.to_thread(check, "scheduler", Settings())).well, "another part's pulse is not its own"
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)

    asyncio.run(live())
    assert wait_until(lambda: not check("worker", Settings()).well, 5)


def test_a_pulse_that_stands_still_is_too_old(fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_database_url", lambda _settings: fresh_database.app_url)
    monkeypatch.setitem(health.TOO_OLD_S, "worker", 0.05)
    with psycopg.connect(fresh_database.app_url, autocommit=True, application_name=pulse_name("worker")) as frozen:
        frozen.execute("select 1")
        assert wait_until(lambda: "stands still" in check("worker", Settings()).sentence, 5)


def test_of_two_schedulers_one_leads_and_the_other_stands_by(services: Services, fresh_database: TestDatabase) -> None:
    first, second = (Scheduler(services, fresh_database.app_url, timetable=()) for _ in range(2))
    threads = [threading.Thread(target=scheduler.run) for scheduler in (first, second)]
    for thread in threads:
        thread.start()
    try:
        assert wait_until(lambda: _sessions(fresh_database) == [False, True], 10)
        leader, follower = (first, second) if first.leading.is_set() else (second, first)
        leader.stopping.set()
        assert follower.leading.wait(10)
    finally:
        for scheduler in (first, second):
            scheduler.stopping.set()
        for thread in threads:
            thread.join()


def _sessions(database: TestDatabase) -> list[bool]:
    """Of each scheduler's session, whether it leads; the health check's own query, all rows of it."""
    query = """select exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' and l.granted)
        from pg_stat_activity a where a.application_name = %s and a.datname = current_database() order by 1"""
    with psycopg.connect(database.app_url) as connection:
        return [bool(row[0]) for row in connection.execute(query, (pulse_name("scheduler"),))]


def test_the_site_says_live_and_ready_apart(site: Site) -> None:
    address = urlsplit(site.url)
    settings = site.services.settings.model_copy(update={"host": "0.0.0.0", "port": address.port})  # noqa: S104 - how the container listens
    verdict = check("api", settings)
    assert verdict.well, verdict.sentence
    silent = check("api", settings.model_copy(update={"port": 1}))
    assert (silent.well, silent.sentence) == (False, "the site does not answer")
    connection = http.client.HTTPConnection(str(address.hostname), address.port or 0)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b'{"status":"ok"}'
    connection.close()


def test_a_disk_that_is_nearly_full_makes_the_site_unready_but_not_dead(services: Services) -> None:
    engines = services.engines
    assert engines is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "_settings", services.settings.model_copy(update={"low_disk_bytes": 1 << 60}))
        with serving(services) as site:
            verdict = check("api", site.services.settings)
    assert not verdict.well
    assert "503" in verdict.sentence and "low_disk" in verdict.sentence


def test_a_disk_that_is_nearly_full_takes_no_new_recording_and_lets_those_under_way_end(services: Services) -> None:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at())
    head = account_of(services, Role.INSTITUTION_HEAD, world.institution.id)
    with services.database.transaction(SYSTEM) as session:
        key = create_key(session, head, name="r", scopes=frozenset({"upload:write"}), expires_at=None, at=services.clock.now_at()).secret
    full = replace(services, settings=services.settings.model_copy(update={"low_disk_bytes": 1 << 60}))
    for running, expected in ((services, 201), (full, 507)):
        with serving(running) as site, httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {key}"}) as client:
            answer = client.post("/api/v1/uploads", json={"file_name": f"{expected}.mp4", "size_bytes": 9, "fingerprint": "fingerprint"})
            assert answer.status_code == expected
            (open_one,) = client.get("/api/v1/uploads").json()["items"]
            signed = client.post(f"/api/v1/uploads/{open_one['id']}/parts", json={"parts": [{"number": 1, "sha256": "0" * 64}]})
            assert signed.status_code == 200
    assert answer.json()["type"] == "/problems/store-low-on-space"


# -- roles and identities


def test_a_role_that_row_level_security_does_not_bind_is_refused(fresh_database: TestDatabase) -> None:
    require_plain_role(fresh_database.app_url)
    require_plain_role(fresh_database.owner_url, may_own=True)
    for url, right in ((fresh_database.owner_url, "owns-tables"), (fresh_database.superuser_url, "superuser")):
        with pytest.raises(RoleTooStrong) as refused:
            require_plain_role(url)
        assert right in refused.value.facts["rights"]


def test_a_database_that_is_not_there_is_named_with_its_host_and_without_its_password() -> None:
    with pytest.raises(DatabaseSilent) as refused:
        rights_of("postgresql://classproof_app:secret@127.0.0.1:9/classproof", wait_s=0)
    assert refused.value.facts["host"] == "127.0.0.1:9"
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql://postgres:x@127.0.0.1/classproof",
        "postgresql://classproof_app:x@127.0.0.1/postgres",
        "postgresql://classproof_app@127.0.0.1/classproof",
        "not an address",
    ],
)
def test_an_address_that_names_another_role_is_refused_before_the_server_is_asked(wrong: str) -> None:
    settings = Settings(
        bootstrap_database_url="postgresql://postgres:x@127.0.0.1:9/postgres",
        migration_database_url="postgresql://classproof_owner:x@127.0.0.1:9/classproof",
        database_url=wrong,
    )
    with pytest.raises(AddressNamesAnotherRole) as refused:
        prepare_database(settings)
    assert refused.value.facts["variable"] == "CLASSPROOF_DATABASE_URL"


def test_the_embedded_store_passes_the_trial_and_an_administrators_key_does_not(services: Services) -> None:
    assert services.engines is not None
    administrator, product = services.engines.bootstrap_s3(), services.engines.addresses.s3
    try_rights(administrator, product)
    try_lock(administrator, product)
    assert services.engines.addresses.s3 == product
    with pytest.raises(StoreIdentityTooStrong) as refused:
        try_rights(administrator, administrator)
    assert {"create-bucket", "bucket-policy", "lock-configuration"} <= set(refused.value.facts["acts"])
    try_rights(administrator, product)
