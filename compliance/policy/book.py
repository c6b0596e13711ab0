"""The book of dated, cited policy figures (invariant 8: every threshold comes from one). R20: a newer document prevails.

A stage declares the figures it needs as a frozen dataclass; `Book.read(Rule, on=day)` fills each field from the parameter of the same
name with the value in force on that day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from compliance.policy.citations import CITED
from compliance.policy.errors import DefectivePolicy, NoValueInForce, UnknownParameter
from compliance.policy.lines import Located, read_lines

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
    where: str = ""  # file:line

    @property
    def subject(self) -> str:
        """What it is about: the name of its file without the ending."""
        return self.where.partition(".")[0]

    def on(self, day: date) -> DatedValue:
        """The value in force on `day`. Raises: NoValueInForce — the parameter began later."""
        current = [v for v in self.values if v.from_on <= day]
        if not current:
            raise NoValueInForce(parameter=self.name, day=day.isoformat(), first=self.values[0].from_on.isoformat())
        return current[-1]

    def after(self, day: date) -> DatedValue | None:
        """The next value that is already decided; None when no change is known."""
        return next((v for v in self.values if v.from_on > day), None)


class Book:
    """All parameters. Immutable once loaded."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self.parameters = dict(parameters)

    @classmethod
    def load(cls, folder: Path = PARAMETERS_DIR) -> "Book":
        """Read every file of the folder. Raises: DefectivePolicy — with all defects of all files."""
        return cls.of(sorted(folder.glob("*.yaml")))

    @classmethod
    def of(cls, files: Iterable[Path]) -> "Book":
        """Read these files. Raises: DefectivePolicy — with all defects of all files, each with its file and line."""
        parameters: dict[str, Parameter] = {}
        defects: list[str] = []
        for path in files:
            loaded, found = _read_file(path)
            defects += found
            for parameter in loaded:
                if parameter.name in parameters:
                    defects.append(f"{parameter.where}: {parameter.name} is defined twice, first in {parameters[parameter.name].where}")
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


class _Defect(NamedTuple):
    line: int
    what: str


def _read_file(path: Path) -> tuple[list[Parameter], list[str]]:
    """Parameters and defects of one file; a defect begins with the file and the line on which it stands."""
    try:
        root, defects = read_lines(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        return [], [f"{path.name}:1: {error}"]
    if root.kind != "mapping":
        return [], defects or [f"{path.name}:{root.line}: expected a mapping of parameters"]
    loaded: list[Parameter] = []
    for name, body in root.fields.items():
        found = _defects(body)
        defects += [f"{path.name}:{line}: {name}: {what}" for line, what in found]
        if not found:
            one = body.fields
            texts = {key: str(one[key].value) for key in ("unit", "zh", "en", "clause", "source")}
            loaded.append(Parameter(name=name, values=_values(one["values"])[0], where=f"{path.name}:{body.line}", **texts))
    return loaded, defects


def _defects(body: Located) -> list[_Defect]:
    """What is wrong with one parameter, in the order of its lines."""
    if body.kind != "mapping":
        return [_Defect(body.line, "expected a mapping")]
    one = body.fields
    found = [_Defect(one[key].line if key in one else body.line, f"{key} is missing") for key in KEYS if key not in one or not one[key].plain()]
    missing = {defect.what.partition(" ")[0] for defect in found}
    found += [_Defect(place.line, f"{key} is not known") for key, place in one.items() if key not in KEYS]
    for key in ("unit", "zh", "en"):
        if key not in missing and not isinstance(one[key].plain(), str):
            found.append(_Defect(one[key].line, f"{key} must be text"))
    if "clause" not in missing and not CITED.search(str(one["clause"].plain())):
        found.append(_Defect(one["clause"].line, "clause must cite a requirement (R73), a question (Q2), a fraud (F-21), a goal or a section"))
    if "source" not in missing and one["source"].plain() not in SOURCES:
        found.append(_Defect(one["source"].line, f"source must be one of {', '.join(SOURCES)}"))
    if "values" not in missing:
        found += _values(one["values"])[1]
    return sorted(found)


def _values(raw: Located) -> tuple[tuple[DatedValue, ...], list[_Defect]]:
    if raw.kind != "list":
        return (), [_Defect(raw.line, "values must be a list")]
    values: list[DatedValue] = []
    defects: list[_Defect] = []
    for number, item in enumerate(raw.items, start=1):
        wrong = _wrong_part(item)
        if wrong is not None:
            defects.append(_Defect(wrong, f"value {number} needs `from: YYYY-MM-DD` and `value: whole number or text`"))
            continue
        one = DatedValue(item.fields["from"].value, item.fields["value"].value)  # type: ignore[arg-type]  # _wrong_part has looked at both
        if values and one.from_on <= values[-1].from_on:
            defects.append(_Defect(item.fields["from"].line, f"value {number}: dates must rise and differ"))
        if values and type(one.value) is not type(values[0].value):
            defects.append(_Defect(item.fields["value"].line, f"value {number}: all values must be numbers, or all text"))
        values.append(one)
    return tuple(values), defects


def _wrong_part(item: Located) -> int | None:
    """The line of what is wrong with one dated value; None when it is sound."""
    surplus = [place.line for key, place in item.fields.items() if key not in {"from", "value"}]
    if surplus or set(item.fields) != {"from", "value"}:
        return surplus[0] if surplus else item.line
    # a date with a time of day is a date too, and true is a whole number: neither is meant
    if type(item.fields["from"].value) is not date:
        return item.fields["from"].line
    return None if type(item.fields["value"].value) in (int, str) else item.fields["value"].line
