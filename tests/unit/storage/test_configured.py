"""All of the configured servers or none of them; decided from the settings alone."""

from pathlib import Path

import pytest

from storage.kernel.configured import ADDRESSES, NEEDS, Purpose, is_configured
from storage.kernel.errors import ConfiguredInHalf, SecretFileUnreadable
from storage.kernel.settings import SECRET_FIELDS, Settings

SERVING = (Purpose.WORK, Purpose.SERVE, Purpose.MIGRATE)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"CLASSPROOF_{field.upper()}", raising=False)
        monkeypatch.delenv(f"CLASSPROOF_{field.upper()}_FILE", raising=False)


def given(*names: str) -> Settings:
    return Settings(**dict.fromkeys(names, "x"))  # type: ignore[arg-type]


@pytest.mark.parametrize("purpose", SERVING)
def test_nothing_given_means_the_embedded_engines(purpose: Purpose) -> None:
    assert not is_configured(Settings(), purpose)
    assert not is_configured(given("master_key", "s3_public_endpoint", "oidc_client_secret"), purpose)


@pytest.mark.parametrize("purpose", Purpose)
def test_all_that_a_purpose_needs_is_enough(purpose: Purpose) -> None:
    assert is_configured(given(*NEEDS[purpose]), purpose)


@pytest.mark.parametrize(("purpose", "left_out"), [(purpose, name) for purpose in Purpose for name in NEEDS[purpose] if len(NEEDS[purpose]) > 1])
def test_whatever_is_left_out_is_named(purpose: Purpose, left_out: str) -> None:
    with pytest.raises(ConfiguredInHalf) as refused:
        is_configured(given(*(name for name in NEEDS[purpose] if name != left_out)), purpose)
    assert refused.value.facts == {"command": purpose.value, "missing": [f"CLASSPROOF_{left_out.upper()}"]}


@pytest.mark.parametrize("alone", [name for name in ADDRESSES if name != "migration_database_url"])
def test_one_address_alone_never_starts_the_other_engine(alone: str) -> None:
    for purpose in SERVING:
        with pytest.raises(ConfiguredInHalf):
            is_configured(given(alone), purpose)


def test_the_applications_address_is_no_address_to_migrate_with() -> None:
    with pytest.raises(ConfiguredInHalf) as refused:
        is_configured(given(*NEEDS[Purpose.WORK]), Purpose.MIGRATE)
    assert refused.value.facts["missing"] == ["CLASSPROOF_MIGRATION_DATABASE_URL"]


@pytest.mark.parametrize("purpose", [Purpose.PREPARE_DATABASE, Purpose.PREPARE_STORE])
def test_there_is_nothing_to_prepare_on_embedded_engines(purpose: Purpose) -> None:
    with pytest.raises(ConfiguredInHalf):
        is_configured(Settings(), purpose)


def test_every_secret_can_come_from_a_file_and_an_empty_variable_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRET_FIELDS:
        (tmp_path / name).write_text(f"  {name}-content\n")
        monkeypatch.setenv(f"CLASSPROOF_{name.upper()}_FILE", str(tmp_path / name))
    monkeypatch.setenv("CLASSPROOF_S3_ENDPOINT", "")
    settings = Settings()
    assert settings.s3_endpoint is None
    for name in SECRET_FIELDS:
        assert getattr(settings, name).get_secret_value() == f"{name}-content"


@pytest.mark.parametrize(("content", "why"), [(None, "FileNotFoundError"), (b" \n", "empty"), (b"\xff\xfe", "UnicodeDecodeError")])
def test_a_secret_file_that_holds_no_secret_is_refused(content: bytes | None, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("CLASSPROOF_MASTER_KEY_FILE", str(path))
    with pytest.raises(SecretFileUnreadable) as refused:
        Settings()
    assert refused.value.facts == {"variable": "CLASSPROOF_MASTER_KEY_FILE", "path": str(path), "why": why}


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    shown = repr(Settings(**{name: f"hidden-{name}" for name in SECRET_FIELDS}))  # type: ignore[arg-type]
    assert "hidden-" not in shown
