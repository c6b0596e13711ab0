"""Which code reads a figure, and which tests and cases cover it: found in the syntax trees of the sources, so it is never out of date.

A rule is a dataclass that some code fills from the book (`Book.read`, through the policy service); its fields are the figures it needs.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PACKAGES: Final = ("storage", "supervision", "compliance", "api")
ROOT: Final = Path(__file__).resolve().parents[2]
_NO_CODE: Final = ("migrations", "vendor")


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in the sources: path from the root, line, and the function or class around it."""

    path: str
    line: int
    within: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" + (f" {self.within}" if self.within else "")


@dataclass(frozen=True, slots=True)
class Sources:
    """What the syntax trees say, in the terms of the book."""

    declared: Mapping[str, list[tuple[str, Place]]]  # figure → (rule, where the field stands)
    used: Mapping[str, list[Place]]  # attribute name → where it is read
    asked: Mapping[str, list[Place]]  # rule → where it is filled from the book


@dataclass(frozen=True, slots=True)
class Coverage:
    """Tests by the names they use, and cases by the rules that their runner fills."""

    tests: Mapping[str, list[Place]]  # any name → test functions that use it
    cases: Mapping[str, list[str]]  # any name in a runner → its files of cases


def python_files(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    """Every source file under the folders, in a fixed order."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            if not set(path.relative_to(root).parts) & set(_NO_CODE):
                yield path


def read_sources(root: Path = ROOT) -> Sources:
    """Look through the four packages."""
    declared: dict[str, list[tuple[str, Place]]] = {}
    used: dict[str, list[Place]] = {}
    asked: dict[str, list[Place]] = {}
    classes: dict[str, list[tuple[str, Place]]] = {}
    for path in python_files(root, PACKAGES):
        name = path.relative_to(root).as_posix()
        for node, within in _walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                classes.setdefault(within.rpartition(".")[2], []).append((node.target.id, Place(name, node.lineno, within)))
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                used.setdefault(node.attr, []).append(Place(name, node.lineno, within))
            elif isinstance(node, ast.Call) and (rule := _rule_of(node)):
                asked.setdefault(rule, []).append(Place(name, node.lineno, within))
    for rule in asked:
        for figure, place in classes.get(rule, ()):
            declared.setdefault(figure, []).append((rule, place))
    return Sources(declared, used, asked)


def read_tests(root: Path = ROOT) -> Coverage:
    """Look through the tests; an installed program without them answers with nothing."""
    tests: dict[str, list[Place]] = {}
    cases: dict[str, list[str]] = {}
    for path in python_files(root, ("tests",)):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(root).as_posix()
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef) or not function.name.startswith("test_"):
                continue
            names = _names(function)
            for one in names:
                tests.setdefault(one, []).append(Place(name, function.lineno, function.name))
        files = _case_files(tree)
        for one in _names(tree) if files else ():
            cases.setdefault(one, []).extend(file for file in files if file not in cases.get(one, []))
    return Coverage(tests, cases)


def _walk(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every node with the dotted name of the class or function around it."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, within = waiting.pop()
        yield node, within
        inner = f"{within}.{node.name}".lstrip(".") if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else within
        waiting += [(child, inner) for child in reversed(list(ast.iter_child_nodes(node)))]


def _rule_of(call: ast.Call) -> str:
    """`services.policy.read(ReviewRule, today)` → ReviewRule; anything else → nothing."""
    read = call.func
    if not isinstance(read, ast.Attribute) or read.attr != "read" or not call.args:
        return ""
    owner = read.value
    if (owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else "") not in {"policy", "book"}:
        return ""
    rule = call.args[0]
    return rule.attr if isinstance(rule, ast.Attribute) else rule.id if isinstance(rule, ast.Name) else ""


def _names(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.add(node.value)
    return found


def _case_files(tree: ast.AST) -> list[str]:
    """What a runner feeds: `@cases("retention")`, or a file named in full."""
    decorated = [
        str(mark.args[0].value)
        for mark in ast.walk(tree)
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "cases" and mark.args
        if isinstance(mark.args[0], ast.Constant)
    ]
    named = [
        node.value.removesuffix(".yaml")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"\w+\.yaml", node.value)
    ]
    return sorted({*decorated, *named})


@dataclass(frozen=True, slots=True)
class Usage:
    """Everything known of one figure."""

    declared: list[tuple[str, Place]] = field(default_factory=list)  # rule, field
    asked: list[Place] = field(default_factory=list)  # where its rules are filled
    used: list[Place] = field(default_factory=list)  # where the value itself decides
    tests: list[Place] = field(default_factory=list)  # tests that name the figure or one of its rules
    cases: list[str] = field(default_factory=list)  # files of cases whose runner fills one of its rules


def usage_of(figure: str, sources: Sources, coverage: Coverage) -> Usage:
    """Who reads the figure, and who would notice if it were wrong."""
    declared = sources.declared.get(figure, [])
    rules = sorted({rule for rule, _ in declared})
    tests = {place: None for name in (figure, *rules) for place in coverage.tests.get(name, ())}
    return Usage(
        declared=declared,
        asked=[place for rule in rules for place in sources.asked.get(rule, ())],
        used=sources.used.get(figure, []),
        tests=sorted(tests, key=lambda place: (place.path, place.line)),
        cases=sorted({file for rule in rules for file in coverage.cases.get(rule, ())}),
    )
