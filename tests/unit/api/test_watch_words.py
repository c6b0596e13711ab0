"""Whoever watches the supervisors reads words, never codes. G26; UI.md."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import compliance
import storage
import supervision
from api.pages.watch.words import ACTS, MACHINES
from storage.database.base import Base


def machines_of_moves() -> Iterator[tuple[str, set[str]]]:
    for package in (storage, supervision, compliance):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "lifecycle" in found.name and found.name != "storage.kernel.lifecycle":
                for name, moves in vars(importlib.import_module(found.name)).items():
                    if name.endswith("MOVES") and isinstance(moves, dict):
                        yield f"{found.name}.{name}", {str(event.value) for _, event in moves}


FOUND = dict(machines_of_moves())


def test_there_are_as_many_machines_as_the_design_pages_show() -> None:
    assert len(FOUND) >= 20


@pytest.mark.parametrize("machine", FOUND)
def test_every_act_of_every_machine_has_words(machine: str) -> None:
    assert FOUND[machine] - set(ACTS) == set()


def test_every_table_with_a_machine_has_words() -> None:
    import api.tables  # noqa: F401 - every table is known then

    named = {mapper.class_.MACHINE for mapper in Base.registry.mappers if hasattr(mapper.class_, "MACHINE")}
    assert named - set(MACHINES) == set()
    assert len(named) >= 15
