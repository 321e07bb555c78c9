"""What a plugin's source may hold, told before any of it runs."""

import ast
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bot.plugin_api.errors import BotError
from bot.plugin_api.manifest import Manifest

API: Final = "bot.plugin_api"
# Ways around the API. A rule against accidents: it can't hold somebody who means harm.
DENIED: Final = {
    **dict.fromkeys(
        ("os", "sys", "posix", "nt", "builtins", "gc", "inspect", "ctypes"), "reaches into the bot"
    ),
    **dict.fromkeys(("importlib", "imp", "runpy", "pkgutil", "code", "codeop"), "loads other code"),
    **dict.fromkeys(("subprocess", "multiprocessing", "pty", "venv", "ensurepip"), "starts programs"),
    **dict.fromkeys(("threading", "_thread", "concurrent", "signal", "faulthandler"), "works past deadlines"),
    **dict.fromkeys(("socket", "ssl", "socketserver", "smtplib", "ftplib", "http.client"), "use ctx.http"),
    **dict.fromkeys(("urllib.request", "xmlrpc", "imaplib", "poplib", "telnetlib"), "use ctx.http"),
    **dict.fromkeys(("pathlib", "shutil", "tempfile", "glob", "sqlite3", "shelve", "dbm"), "use ctx.store"),
    **dict.fromkeys(("pickle", "marshal"), "runs what it reads; use ctx.store"),
}
_DENIED_CALLS: Final = {
    "open": "use ctx.store",
    "eval": "runs text as code",
    "exec": "runs text as code",
    "compile": "runs text as code",
    "__import__": "loads other code",
    "input": "nobody could answer",
    "breakpoint": "nobody could answer",
}
_DENIED_NAMES: Final = frozenset({"__globals__", "__builtins__", "__subclasses__", "__code__", "__loader__"})


class PluginSourceError(BotError):
    """A plugin's source has what it may not have, or lacks what it needs; the text says the fix."""


def sources(folder: Path) -> list[Path]:
    """Return a plugin's Python files, without its tests."""
    return [
        path
        for path in sorted(folder.rglob("*.py"))
        if not path.name.startswith("test_") and path.name != "conftest.py" and "tests" not in path.parts
    ]


def check_sources(folder: Path, manifest: Manifest) -> None:
    """Check every file of a plugin.

    Raises:
        PluginSourceError: it can't be read, imports what it may not, or a package it needs isn't installed.
    """
    if not (folder / "plugin.py").is_file():
        raise PluginSourceError("there is no plugin.py")
    roots = {_import_name(each): each for each in manifest.requires}
    for path in sources(folder):
        name = path.relative_to(folder).as_posix()
        try:
            source = path.read_text("utf-8")
        except OSError as error:
            raise PluginSourceError(f"{name} can't be read: {error.strerror}") from None
        except ValueError as error:
            raise PluginSourceError(f"{name} is no valid Python: {error}") from None
        _check_source(source, name, manifest.id, frozenset(roots))
    missing = sorted(package for root, package in roots.items() if find_spec(root) is None)
    if missing:
        raise PluginSourceError(
            f"needs {', '.join(missing)}, which isn't installed. Run:"
            f" python run.py python -m pip install {' '.join(missing)}"
        )


@lru_cache(256)  # what was right is still so when the plugin is loaded again
def _check_source(source: str, name: str, plugin_id: str, roots: frozenset[str]) -> None:
    try:
        tree = ast.parse(source, name)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise PluginSourceError(f"{name}{f':{line}' if line else ''} is no valid Python: {error}") from None
    for line, problem in _problems(tree, plugin_id, roots):
        raise PluginSourceError(f"{name}:{line} {problem}")


def _problems(tree: ast.Module, plugin_id: str, roots: frozenset[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = _imported_from(node)
        else:
            found = _used(node)
            if found is not None:
                yield found
            continue
        for name in names:
            problem = _import_problem(name, plugin_id, roots)
            if problem:
                yield node.lineno, problem


def _imported_from(node: ast.ImportFrom) -> list[str]:
    """Return what is imported; of a package also its parts, for they may be modules."""
    if node.level:
        return []
    module = node.module or ""
    return [module, *(f"{module}.{alias.name}" for alias in node.names if f"{module}.{alias.name}" in DENIED)]


def _used(node: ast.AST) -> tuple[int, str] | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _DENIED_CALLS:
        return node.lineno, f"calls {node.func.id}(), which plugins may not: {_DENIED_CALLS[node.func.id]}"
    if isinstance(node, ast.Attribute) and node.attr in _DENIED_NAMES:
        return node.lineno, f"uses {node.attr}, which plugins may not: it reaches into the bot"
    return None


def _import_problem(name: str, plugin_id: str, roots: frozenset[str]) -> str:
    if _is_under(name, API) or _is_under(name, f"plugins.{plugin_id}"):
        return ""
    for denied, why in DENIED.items():
        if _is_under(name, denied):
            return f"imports {name}, which plugins may not: {why}"
    root = name.partition(".")[0]
    if root in {"bot", "cogs", "plugins", "discord"}:
        return f"imports {name}: a plugin imports nothing of the bot but {API}"
    if root in sys.stdlib_module_names or root in {"pydantic", *roots}:
        return ""
    return f'imports {name}: name its package in manifest.toml, requires = ["{root}"]'


def _is_under(name: str, root: str) -> bool:
    return name == root or name.startswith(f"{root}.")


_IMPORT_NAMES: Final = {
    "pillow": "PIL",
    "pyyaml": "yaml",
    "beautifulsoup4": "bs4",
    "python-dateutil": "dateutil",
}


def _import_name(package: str) -> str:
    return _IMPORT_NAMES.get(package.lower(), package.replace("-", "_"))
