"""The book of dated, cited policy figures (invariant 8: every threshold comes from one). R20: a newer document prevails.

A stage declares the figures it needs as a frozen dataclass; `Book.read(Rule, on=day)` fills each field from the parameter of the same
name with the value in force on that day.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from compliance.policy.errors import DefectivePolicy, NoValueInForce, UnknownParameter

PARAMETERS_DIR: Final = Path(__file__).parent / "parameters"
SOURCES: Final = ("[SEED]", "[LAW]", "[C]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatedValue:
    """In force from `from_on` until the next one begins."""

    from_on: date
    value: int | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One figure of the policy with its history."""

    name: str
    unit: str
    zh: str
    en: str
    clause: str
    source: str
    values: tuple[DatedValue, ...]  # ascending by date

    def on(self, day: date) -> DatedValue:
        """The value in force on `day`. Raises: NoValueInForce — the parameter began later."""
        current = [v for v in self.values if v.from_on <= day]
        if not current:
            raise NoValueInForce(parameter=self.name, day=day.isoformat(), first=self.values[0].from_on.isoformat())
        return current[-1]


class Book:
    """All parameters. Immutable once loaded."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self.parameters = dict(parameters)

    @classmethod
    def load(cls, folder: Path = PARAMETERS_DIR) -> "Book":
        """Read every file of the folder. Raises: DefectivePolicy — with all defects of all files."""
        parameters: dict[str, Parameter] = {}
        defects: list[str] = []
        for path in sorted(folder.glob("*.yaml")):
            loaded, found = _read_file(path)
            defects += found
            for parameter in loaded:
                if parameter.name in parameters:
                    defects.append(f"{path.name}: {parameter.name} is defined twice")
                parameters[parameter.name] = parameter
        if defects:
            raise DefectivePolicy(defects=defects)
        return cls(parameters)

    def value(self, name: str, on: date) -> DatedValue:
        """The value of a parameter in force on a day."""
        if name not in self.parameters:
            raise UnknownParameter(parameter=name)
        return self.parameters[name].on(on)

    def read(self, rule: type[T], *, on: date) -> T:
        """An instance of the frozen dataclass `rule`, each field the parameter of that name on that day."""
        if not is_dataclass(rule):
            msg = f"{rule.__name__} is not a dataclass"
            raise TypeError(msg)
        filled: dict[str, Any] = {}  # Any: values of a dataclass declared elsewhere
        for field in fields(rule):
            if field.name not in self.parameters and (field.default is not MISSING or field.default_factory is not MISSING):
                continue
            filled[field.name] = self.value(field.name, on).value
        return rule(**filled)


KEYS: Final = ("unit", "zh", "en", "clause", "source", "values")


def _read_file(path: Path) -> tuple[list[Parameter], list[str]]:
    """Parameters and defects of one file; a defect begins with the file and the line."""
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            return [], [f"{path.name}: expected a mapping of parameters"]
        defects = [f"{path.name}:{line}: {key} is defined twice" for key, line in _repeated(root)]
        entries = [(str(key.value), key.start_mark.line + 1, loader.construct_object(value, deep=True)) for key, value in root.value]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [], [f"{path.name}: {error}"]
    loaded: list[Parameter] = []
    for name, line, body in entries:
        parameter, found = _read_parameter(f"{path.name}:{line}: {name}", name, body)
        defects += found
        if parameter is not None:
            loaded.append(parameter)
    return loaded, defects


def _repeated(node: yaml.Node) -> list[tuple[str, int]]:
    """Keys that stand twice in one mapping, at any depth, with the line of the second: YAML itself would let the last one win."""
    found: list[tuple[str, int]] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append((str(key.value), key.start_mark.line + 1))
            seen.add(key.value)
            found += _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            found += _repeated(item)
    return found


def _read_parameter(where: str, name: str, body: object) -> tuple[Parameter | None, list[str]]:
    if not isinstance(body, dict):
        return None, [f"{where}: expected a mapping"]
    found = [f"{where}: {key} is missing" for key in KEYS if not body.get(key)]
    found += [f"{where}: {key} is not known" for key in body if key not in KEYS]
    found += [f"{where}: {key} must be text" for key in ("unit", "zh", "en") if body.get(key) and not isinstance(body[key], str)]
    if body.get("source") not in SOURCES:
        found.append(f"{where}: source must be one of {', '.join(SOURCES)}")
    values, bad = _read_values(where, body.get("values"))
    found += bad
    if found:
        return None, found
    texts = {key: str(body[key]) for key in ("unit", "zh", "en", "clause", "source")}
    return Parameter(name=name, values=values, **texts), []


def _read_values(where: str, raw: object) -> tuple[tuple[DatedValue, ...], list[str]]:
    if not isinstance(raw, list):
        return (), [f"{where}: values must be a list"]
    values: list[DatedValue] = []
    defects: list[str] = []
    for number, item in enumerate(raw, start=1):
        # a date with a time of day is a date too, and true is a whole number: neither is meant
        sound = isinstance(item, dict) and set(item) == {"from", "value"} and type(item["from"]) is date and type(item["value"]) in (int, str)
        if not sound:
            defects.append(f"{where}: value {number} needs `from: YYYY-MM-DD` and `value: whole number or text`")
            continue
        values.append(DatedValue(item["from"], item["value"]))
    if [v.from_on for v in values] != sorted({v.from_on for v in values}):
        defects.append(f"{where}: dates must rise and differ")
    if len({type(v.value) for v in values}) > 1:
        defects.append(f"{where}: all values must be numbers, or all text")
    return tuple(values), defects
