"""`classproof`: run the parts, the whole, and the tools around them."""

import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from api.orphans import end_with_parent
from storage.kernel.errors import DomainError
from storage.kernel.settings import Settings
from storage.kernel.signals import answered

if TYPE_CHECKING:
    from storage.engines.engines import Engines

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="ClassProof 课证 · institution supervision and video evidence", pretty_exceptions_enable=False
)
DataDir = Annotated[Optional[Path], typer.Option("--data-dir", help="where everything is kept; default CLASSPROOF_DATA_DIR or ./var")]  # noqa: UP045 - typer reads it at run time


class HealthPart(StrEnum):
    """A long-running part."""

    API = "api"
    WORKER = "worker"
    SCHEDULER = "scheduler"


draw_app = typer.Typer(no_args_is_help=True, help="Published draws.")
app.add_typer(draw_app, name="draw")
policy_app = typer.Typer(no_args_is_help=True, help="Dated, cited figures of the policy.")
app.add_typer(policy_app, name="policy")
OnDay = Annotated[Optional[datetime], typer.Option("--on", formats=["%Y-%m-%d"], help="day of the question; default today")]  # noqa: UP045
rating_app = typer.Typer(no_args_is_help=True, help="Credit ratings.")
app.add_typer(rating_app, name="rating")


def settings_for(data_dir: Path | None) -> Settings:
    """Settings from the environment, with the data directory of the command line."""
    settings = Settings()
    return settings.model_copy(update={"data_dir": data_dir}) if data_dir is not None else settings


def _log_to_stderr(level: int = logging.INFO) -> None:
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("apscheduler", "procrastinate", "psycopg.pool", "fontTools", "fpdf"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@contextmanager
def _lasting() -> Iterator[None]:
    """What is imported and made inside lives as long as the process: the garbage collector need not look for waste in it, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _attached(settings: Settings) -> Iterator["Engines"]:
    from storage.engines.engines import Engines
    from storage.engines.roles import require_plain_role

    with Engines.attach(settings) as engines:
        if engines.configured:  # the embedded roles are made by the launcher
            require_plain_role(engines.addresses.database_url)
        yield engines


def _begin_anew() -> None:
    """An engine had to take another port: connections lead nowhere, so this process ends as if asked to, and whoever runs it starts it again."""
    os.kill(os.getpid(), signal.SIGTERM)


@app.command()
def serve(data_dir: DataDir = None, port: Annotated[Optional[int], typer.Option(help="port of the site")] = None) -> None:  # noqa: UP045
    """Engines, API, worker and scheduler in one process tree; Ctrl-C stops them cleanly."""
    end_with_parent()
    from api.serve import serve as run

    settings = settings_for(data_dir)
    if port is not None:
        settings = settings.model_copy(update={"port": port})
    _log_to_stderr()
    raise typer.Exit(run(settings))


@app.command()
def api(data_dir: DataDir = None, port: Annotated[Optional[int], typer.Option()] = None) -> None:  # noqa: UP045
    """The site and its API."""
    end_with_parent()
    with _lasting():
        import uvicorn

        from api.listening import server_config
        from api.main import create_app, serve_with_headers
        from api.wiring import build_services

    settings = settings_for(data_dir)
    if port is not None:
        settings = settings.model_copy(update={"port": port})
    _log_to_stderr()
    with _attached(settings) as engines:
        engines.watch(moved=_begin_anew)
        services = build_services(engines, settings)
        with _lasting():
            site = serve_with_headers(create_app(services), services)
        # uvicorn, once it has finished its requests, raises the signal again: end in order, so that the engines are let go
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        uvicorn.Server(server_config(site, settings)).run()


@app.command()
def worker(data_dir: DataDir = None) -> None:
    """Runs jobs: verification, locking, clips, patrol. Refuses to start where media cannot be confined."""
    end_with_parent()
    with _lasting():
        from api.wiring import build_services
        from api.worker import run_worker
        from storage.media.sandbox import confinement

    settings = settings_for(data_dir)
    _log_to_stderr()
    logging.getLogger(__name__).info("media is read under %s", confinement())
    with _attached(settings) as engines:
        engines.watch(moved=_begin_anew)
        run_worker(build_services(engines, settings), engines.addresses.database_url, concurrency=settings.worker_concurrency)


@app.command()
def scheduler(data_dir: DataDir = None) -> None:
    """Decides when jobs are due and keeps the ledger's head moving. Several may run; one leads."""
    end_with_parent()
    with _lasting():
        from api.schedule import Scheduler
        from api.wiring import build_services

    settings = settings_for(data_dir)
    _log_to_stderr()
    with _attached(settings) as engines:
        engines.watch(moved=_begin_anew)
        running = Scheduler(build_services(engines, settings), engines.addresses.database_url)
        with answered(running.stopping.set):
            running.run()


@app.command()
def migrate(
    data_dir: DataDir = None,
    check: Annotated[bool, typer.Option("--check", help="on a fresh database: fail when the tables in code differ from the migrations")] = False,
    new: Annotated[str, typer.Option("--new", help="draft the next migration")] = "",
) -> None:
    """Bring the database's schema up to date."""
    import tempfile

    from api import migrate as migrations

    if check or new:
        with tempfile.TemporaryDirectory(prefix="classproof-migrate-") as folder, _attached(Settings(data_dir=Path(folder))) as engines:
            url = engines.addresses.migration_database_url
            migrations.upgrade(url)
            if new:
                migrations.draft(url, new)
            else:
                migrations.check(url)
        return
    migrations.upgrade_installation(settings_for(data_dir))


@app.command("prepare-secrets")
def prepare_secrets(
    directory: Annotated[Path, typer.Argument(help="where the files are made; existing ones are kept")],
    database_host: Annotated[str, typer.Option(help="host:port of PostgreSQL as the services reach it")] = "postgres:5432",
    mounted_at: Annotated[Path, typer.Option(help="where the services see the files")] = Path("/run/secrets"),
) -> None:
    """Make every secret of an installation on configured servers: one file each, mode 0600. Nothing is printed."""
    from storage.engines.secret_files import make_secret_files

    made = make_secret_files(directory, settings_for(None), database_host=database_host, mounted_at=mounted_at)
    typer.echo(f"{len(made)} files made in {directory}, the others kept; back the directory up apart from the data", err=True)


@app.command("prepare-database")
def prepare_database() -> None:
    """Make or put right roles, database and extensions on the configured PostgreSQL, as its superuser. Idempotent."""
    from storage.engines import preparing

    preparing.prepare_database(settings_for(None))
    typer.echo("roles, database and extensions are as they must be", err=True)


@app.command("prepare-store")
def prepare_store() -> None:
    """Make the buckets on the configured store, set fsync, and try the lock and both identities. Idempotent."""
    from storage.engines import preparing

    synced = preparing.prepare_store(settings_for(None))
    typer.echo("the buckets lock, and the application's key can do no more than it should", err=True)
    if not synced:
        typer.echo("fsync was not set: CLASSPROOF_STORE_MASTER, _STORE_FILER and _STORE_OPERATOR_DIR name no inner channel", err=True)


@app.command()
def health(part: Annotated[HealthPart, typer.Argument(help="the part of this machine that is asked for")], data_dir: DataDir = None) -> None:
    """Whether a running part can work: exit 0 or 1 and a sentence. For the health checks of containers."""
    from api.health import check

    verdict = check(part.value, settings_for(data_dir))
    typer.echo(verdict.sentence)
    raise typer.Exit(0 if verdict.well else 1)


@app.command()
def fsck(data_dir: DataDir = None, deep: Annotated[bool, typer.Option("--deep", help="read and hash every stored byte too")] = False) -> None:
    """Compare rows, objects, locks, hashes and ledger; name every difference. Exit 1 when there is one."""
    from api.fsck import run_fsck
    from api.wiring import build_services

    settings = settings_for(data_dir)
    _log_to_stderr(logging.WARNING)
    with _attached(settings) as engines:
        differences = run_fsck(build_services(engines, settings), deep=deep)
    for difference in differences:
        typer.echo(f"{difference.kind}\t{difference.subject}\t{difference.detail}")
    typer.echo(f"{len(differences)} differences" if differences else "rows, objects, locks and ledger agree", err=True)
    raise typer.Exit(1 if differences else 0)


@app.command()
def jobs(
    data_dir: DataDir = None,
    retry: Annotated[Optional[int], typer.Option("--retry", help="put this failed job back into the queue")] = None,  # noqa: UP045
) -> None:
    """Name every job that failed for good. Exit 1 when there is one."""
    from api.dead_letters import dead_letters, try_again

    with _attached(settings_for(data_dir)) as engines:
        url = engines.addresses.database_url
        if retry is not None and not try_again(url, retry):
            typer.echo(f"no failed job {retry}", err=True)
        found = dead_letters(url)
    for job in found:
        typer.echo(f"{job.id}\t{job.task}\t{json.dumps(job.payload)}\t{job.attempts}\t{job.failed_at or ''}")
    typer.echo(f"{len(found)} jobs failed for good" if found else "no job failed for good", err=True)
    raise typer.Exit(1 if found else 0)


@app.command()
def upload(
    folder: Annotated[Path, typer.Argument(exists=True, help="a recording, or a folder of them")],
    site: Annotated[str, typer.Option(envvar="CLASSPROOF_SITE", help="address of the site")] = "http://127.0.0.1:8000",
    key: Annotated[str, typer.Option(envvar="CLASSPROOF_API_KEY", help="API key with scopes upload:write and upload:read")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="keep watching the folder for new files")] = False,
    lanes: Annotated[int, typer.Option(min=1, max=16, help="parts sent at the same time")] = 3,
    quiet: Annotated[float, typer.Option(min=0.1, help="watching: seconds without a change until a file counts as finished")] = 8.0,
) -> None:
    """Send recordings; resumes after any interruption."""
    from api.agent.run import upload_folder

    raise typer.Exit(upload_folder(folder, site=site, key=key, watch=watch, lanes=lanes, quiet_s=quiet))


@app.command()
def demo(
    data_dir: DataDir = None,
    check: Annotated[bool, typer.Option("--check", help="walk the whole way, assert the outcome, print a JSON summary and exit")] = False,
    port: Annotated[int, typer.Option()] = 8000,
) -> None:
    """The whole way on real recordings, through the public HTTP API."""
    from api.demo.run import run_demo

    raise typer.Exit(run_demo(data_dir, check=check, port=port))


@draw_app.command("verify")
def verify_draw(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a published round, D2026-0001.json")],
    root: Annotated[str, typer.Option("--root", help="the root of the list that you wrote down when it was frozen")] = "",
) -> None:
    """Recompute a published draw. Exit 0: it comes out as published. The stand-alone script on the public page does the same without us."""
    from supervision.sampling.verify_draw import main as recompute

    raise typer.Exit(recompute([str(file), *(["--root", root] if root else [])]))


@policy_app.command("trace")
def trace_policy(name: str, on: OnDay = None) -> None:
    """One figure: value, since when, next change, clause, source, the code that reads it, the tests and cases that cover it."""
    from api.policy_trace import trace
    from compliance.policy.book import Book

    for line in trace(Book.load(), name, _day(on)):
        typer.echo(line)


@policy_app.command("effect")
def effect_of_figure(name: str, value: int) -> None:
    """A figure of the machine's signals, tried on the held-out recordings: found and told falsely now, and with this value. Changes nothing."""
    from api.policy_trace import effect
    from compliance.policy.book import Book

    for line in effect(Book.load(), name, value, _day(None)):
        typer.echo(line)


@policy_app.command("list")
def list_policy(on: OnDay = None) -> None:
    """Every figure with its value on a day."""
    from api.policy_trace import listing
    from compliance.policy.book import Book

    for line in listing(Book.load(), _day(on)):
        typer.echo(line)


@policy_app.command("check")
def check_policy(files: Annotated[list[Path], typer.Argument(help="parameter files, *.yaml")]) -> None:
    """Read parameter files as the program would at its start. Exit 1: every defect with its file and line."""
    from api.policy_trace import check

    defects = check(files)
    for line in defects or [f"{len(files)} files, no defect"]:
        typer.echo(line, err=bool(defects))
    raise typer.Exit(1 if defects else 0)


def _day(on: datetime | None) -> date:
    from storage.kernel.clock import Clock

    return on.date() if on else Clock().today_on()


@rating_app.command("replay")
def replay_rating(code: Annotated[str, typer.Argument(help="R2026-0001; without it, every rating")] = "", data_dir: DataDir = None) -> None:
    """Compute past ratings again from their frozen inputs, whose hash the ledger names. Exit 1 when one does not come out as stored."""
    from api.wiring import build_services
    from compliance.rating.errors import RatingNotFound
    from compliance.rating.replay import replay_all
    from storage.database.session import SYSTEM

    settings = settings_for(data_dir)
    _log_to_stderr(logging.WARNING)
    with _attached(settings) as engines:
        counted = wrong = 0
        with build_services(engines, settings).database.transaction(SYSTEM) as session:
            for found in replay_all(session, code=code):
                counted, wrong = counted + 1, wrong + bool(found.why)
                if code or found.why:
                    typer.echo(f"{found.code}\t{found.score}\t{found.tier}\t{found.why or 'as stored'}")
    if code and not counted:
        raise RatingNotFound(rating=code)
    typer.echo(f"{counted} ratings computed again, {wrong} differ", err=True)
    raise typer.Exit(1 if wrong else 0)


@app.command("create-admin")
def create_admin(login: str, name: str, data_dir: DataDir = None) -> None:
    """Create the first administrator; prints a password that must be changed at the first sign-in."""
    from api.bootstrap import create_first_administrator
    from api.wiring import build_services

    settings = settings_for(data_dir)
    with _attached(settings) as engines:
        typer.echo(create_first_administrator(build_services(engines, settings), login=login, name=name))


def main() -> None:
    """Entry point. A refusal is told in both languages, with its code; a programming error keeps its trace."""
    try:
        app()
    except DomainError as error:
        from api.http.messages import message

        said = (message(error.code, error.facts, language) for language in ("zh", "en"))
        lines = "".join(
            f"\n  {words.title}：{words.detail}{words.advice}" if n == 0 else f"\n  {words.title}: {words.detail} {words.advice}"
            for n, words in enumerate(said)
        )
        typer.echo(f"classproof: {error}{lines}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
