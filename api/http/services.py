"""What the composition root (`api/main.py`) puts on `app.state.services`, once per process."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from storage.database.session import Database
from storage.kernel.clock import Clock
from storage.kernel.settings import Settings

if TYPE_CHECKING:  # names only: a test of the door needs no object store
    from api.jobs import JobQueue
    from api.policy import Policy
    from storage.engines.engines import Engines
    from storage.engines.secrets import Secrets
    from storage.objects.port import Buckets


@dataclass(frozen=True)
class Services:
    """The outside world of one API process. Handlers take it as `services: ServicesDep`."""

    database: Database
    clock: Clock
    settings: Settings
    buckets: "Buckets"
    secrets: "Secrets"
    events: "JobQueue"
    policy: "Policy"
    engines: "Engines | None" = None


def services_of(request: Request) -> Services:
    """The process's services."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(services_of)]
