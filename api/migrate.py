"""Bring a database's schema up to date, check that it matches the tables, or draft the next migration."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config

from storage.kernel.configured import Purpose, is_configured
from storage.kernel.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent


def config_for(url: str) -> Config:
    """Alembic's configuration for a database, as its owner."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "api" / "migrations"))
    config.attributes["url"] = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return config


def upgrade(url: str) -> None:
    """Run every migration that is missing. Repeating is harmless."""
    command.upgrade(config_for(url), "head")


def upgrade_installation(settings: Settings) -> None:
    """Upgrade the database that the settings name, as its owner, or else the embedded one.

    A configured database is never migrated as classproof_app, and nothing is started for it.
    Raises: ConfiguredInHalf — its migration address is missing; RoleTooStrong — the owner is more than that; DatabaseSilent.
    """
    from storage.engines.engines import Engines
    from storage.engines.roles import require_plain_role

    if is_configured(settings, Purpose.MIGRATE) and settings.migration_database_url is not None:
        url = settings.migration_database_url.get_secret_value()
        require_plain_role(url, may_own=True)
        upgrade(url)
    else:
        with Engines.attach(settings) as engines:
            upgrade(engines.addresses.migration_database_url)


def check(url: str) -> None:
    """Raises: alembic.util.CommandError — the tables in code differ from the migrated database."""
    command.check(config_for(url))


def draft(url: str, message: str) -> None:
    """Autogenerate the next migration against an up-to-date database; read and rename it before committing."""
    command.revision(config_for(url), message=message, autogenerate=True)
