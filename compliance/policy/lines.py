"""YAML whose every value knows its line, so that whoever reads a file can say where each defect stands. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands where a scalar cannot be read, for example `2026-02-30`."""

    text: str


@dataclass(frozen=True, slots=True)
class Located:
    """A value and the line on which it begins (from 1): that of its key, for what stands under one.

    `value` is None for a mapping and for a list: those have `fields` and `items`.
    """

    kind: str  # scalar | mapping | list
    line: int
    value: object = None
    fields: Mapping[str, "Located"] = field(default_factory=dict)
    items: tuple["Located", ...] = ()

    def plain(self) -> object:
        """The value without its lines."""
        if self.kind == "mapping":
            return {key: one.plain() for key, one in self.fields.items()}
        return [one.plain() for one in self.items] if self.kind == "list" else self.value


NOTHING: Final = Located("scalar", 1)


def read_lines(text: str, name: str) -> tuple[Located, list[str]]:
    """The document and what is wrong with it as YAML, each defect `name:line: what`.

    Refused: broken syntax, a key that stands twice (YAML itself would let the last one win), a key that is not text, a reference to another
    place of the file (what a line says must stand on that line), a date that does not exist.
    """
    loader = yaml.CSafeLoader(text)
    try:
        aliases = [_line_of(event) for event in yaml.parse(text, yaml.CSafeLoader) if isinstance(event, yaml.AliasEvent)]
        root = None if aliases else loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return NOTHING, [f"{name}:{mark.line + 1 if mark else 1}: {error.problem or error.context or 'not YAML'}"]
    except yaml.YAMLError as error:
        return NOTHING, [f"{name}:1: {error}"]
    if aliases:
        return NOTHING, [f"{name}:{line}: a reference to another place of the file is not allowed" for line in aliases]
    if root is None:
        return NOTHING, []
    found: list[tuple[int, str]] = []
    located = _locate(loader, root, root.start_mark.line + 1, found)
    return located, [f"{name}:{line}: {what}" for line, what in sorted(found)]


def _line_of(event: yaml.AliasEvent) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _locate(loader: yaml.CSafeLoader, node: yaml.Node, line: int, found: list[tuple[int, str]]) -> Located:
    if isinstance(node, yaml.MappingNode):
        fields: dict[str, Located] = {}
        for key, value in _pairs(node):
            at = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                found.append((at, "a key must be text"))
                continue
            if key.value in fields:
                found.append((at, f"{key.value} is defined twice"))
            fields[key.value] = _locate(loader, value, at, found)
        return Located("mapping", line, fields=fields)
    if isinstance(node, yaml.SequenceNode):
        return Located("list", line, items=tuple(_locate(loader, item, item.start_mark.line + 1, found) for item in node.value))
    try:
        return Located("scalar", line, value=loader.construct_object(node))
    except (yaml.YAMLError, ValueError) as error:
        what = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
        found.append((line, f"{node.value} cannot be read: {what}"))
        return Located("scalar", line, value=Unreadable(str(node.value)))


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    yield from node.value
