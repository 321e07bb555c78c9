"""Which lines of which source the sandbox follows: read out of its code and of its raw tests.

`python -m tests.sandbox.citations --write` writes docs/SANDBOX_COVERAGE.md anew.
"""

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.rest import ROUTER

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT.parent / "shared" / "specs"
PROTOCOL = SPECS / "DISCORD_PROTOCOL.md"
DESCRIPTION = SPECS / "discord-openapi.json"
COVERAGE = ROOT / "docs" / "SANDBOX_COVERAGE.md"

_FORMS = (
    re.compile(r"protocol (pointing|gateway|rest|interactions)\.[1-9]\d*"),
    re.compile(r"openapi [a-z][a-z0-9_]*"),
    re.compile(r"docs [a-z0-9-]+(/[a-z0-9-]+)*(#[a-z0-9-]+)?"),
)
_SOURCE = re.compile(r"\bSource:\s*(.+?)\.?\s*(?:\n\s*\n|$)", re.DOTALL)
_METHODS = ("get", "put", "post", "patch", "delete")

Found = tuple[str, str]  # a file below the root, a name in it


@dataclass(frozen=True)
class RawTest:
    """A test by a raw client, and what it cites."""

    file: str
    name: str
    cites: tuple[str, ...]

    @property
    def words(self) -> str:
        """What it says of the sandbox."""
        return self.name.rpartition(".")[2].removeprefix("test_").replace("_", " ")


@dataclass(frozen=True)
class Route:
    """A route of the sandbox."""

    file: str
    method: str
    template: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class NotStaticError(ValueError):
    """A citation that can't be read without running it."""


def is_well_formed(source: str) -> bool:
    """Whether a source is named like `protocol gateway.3`, `openapi get_guild` or `docs topics/gateway#x`."""
    return any(form.fullmatch(source) for form in _FORMS)


# Reading Python


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what a module's names are set to at its top."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[node.target.id] = node.value
    return found


def texts(node: ast.expr, names: dict[str, ast.expr]) -> list[str]:
    """Return the text or texts an expression of constants stands for.

    Raises:
        NotStaticError: it is no text, sum of texts or list of texts.
    """
    match node:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.Name(id=name) if name in names:
            return texts(names[name], names)
        case ast.Starred(value=value) | ast.FormattedValue(value=value):
            return texts(value, names)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return [text for item in items for text in texts(item, names)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [a + b for a in texts(left, names) for b in texts(right, names)]
        case ast.JoinedStr(values=parts):
            return ["".join(text for part in parts for text in texts(part, names))]
    raise NotStaticError(f"line {node.lineno}: {ast.unparse(node)} is not a constant")


def _cites(decorators: Iterable[ast.expr], names: dict[str, ast.expr]) -> list[str]:
    found = []
    for each in decorators:
        match each:
            case ast.Call(func=func, args=args) if ast.unparse(func) == "pytest.mark.cites":
                found += [text for arg in args for text in texts(arg, names)]
    return found


def tests_in(file: str, text: str) -> list[RawTest]:
    """Return the tests of a file that uses the raw clients; [] for another file."""
    tree = ast.parse(text)
    raw = any(isinstance(node, ast.ImportFrom) and node.module == "tests.sandbox.raw" for node in tree.body)
    return list(_tests_of(file, tree.body, "", (), constants(tree))) if raw else []


def _tests_of(
    file: str, body: list[ast.stmt], inside: str, above: tuple[str, ...], names: dict[str, ast.expr]
) -> Iterator[RawTest]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            marks = (*above, *_cites(node.decorator_list, names))
            yield from _tests_of(file, node.body, f"{inside}{node.name}.", marks, names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            marks = tuple(dict.fromkeys((*above, *_cites(node.decorator_list, names))))
            yield RawTest(file, inside + node.name, marks)


def sources_in(text: str) -> list[tuple[str, str]]:
    """Return (source, name of what cites it) of every docstring's `Source:` line."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for listed in _SOURCE.findall(ast.get_docstring(node) or ""):
                name = "the module" if isinstance(node, ast.Module) else node.name
                found += [(" ".join(item.split()), name) for item in listed.split(",")]
    return found


def routes() -> list[Route]:
    """Return every route, in the order of its file and address."""
    found = [
        Route(f"{route.handler.__module__.replace('.', '/')}.py", route.method, route.template)
        for route in ROUTER.all()
    ]
    return sorted(found, key=lambda route: (route.file, route.template, route.method))


# Reading the sources


def bullets_of(page: str) -> dict[str, str]:
    """Return the protocol page's bullets by their names; a section without bullets is one."""
    found: dict[str, str] = {}
    for section in page.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        bullets = re.findall(r"^- (.+?)(?=\n- |\Z)", body, re.DOTALL | re.MULTILINE) or [body.strip()]
        name = title.split()[0].lower()
        found |= {f"protocol {name}.{n}": bullet.strip() for n, bullet in enumerate(bullets, start=1)}
    return found


def operations_of(description: dict[str, Any]) -> dict[str, str]:
    """Return the description's operations: their ids by "METHOD template"."""
    return {
        f"{method.upper()} {template}": methods[method]["operationId"]
        for template, methods in description["paths"].items()
        for method in _METHODS
        if method in methods
    }


@dataclass(frozen=True)
class Collected:
    """Everything the sandbox and its raw tests cite."""

    tests: list[RawTest]
    sources: list[tuple[str, Found]]
    routes: list[Route]

    @property
    def cited(self) -> dict[str, list[RawTest]]:
        """The raw tests of each source."""
        found: dict[str, list[RawTest]] = {}
        for test in self.tests:
            for source in test.cites:
                found.setdefault(source, []).append(test)
        return found


def collect(root: Path = ROOT) -> Collected:
    """Read the project."""
    found = Collected([], [], routes())
    for path in sorted((root / "tests" / "sandbox").glob("test_*.py")):
        found.tests.extend(tests_in(path.name, path.read_text(encoding="utf-8")))
    for path in sorted((root / "sandbox").rglob("*.py")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
        found.sources.extend((source, (name, where)) for source, where in sources_in(text))
    return found


def read_bullets() -> dict[str, str]:
    """Return the protocol page's bullets."""
    return bullets_of(PROTOCOL.read_text(encoding="utf-8"))


def read_operations() -> dict[str, str]:
    """Return the description's operations by "METHOD template"."""
    return operations_of(json.loads(DESCRIPTION.read_text(encoding="utf-8")))


def main() -> int:
    """Write the table, or say whether it is up to date; return the exit code."""
    from tests.sandbox.coverage_table import table

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {COVERAGE.relative_to(ROOT)}")
    text = table(collect(), read_operations())
    if parser.parse_args().write:
        COVERAGE.write_text(text, encoding="utf-8")
        return 0
    if COVERAGE.exists() and COVERAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("the table is out of date: add --write\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
