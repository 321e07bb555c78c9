"""Imports the modules of plugins from their folders, anew each time, and forgets them."""

import gc
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

PACKAGE = "plugins"
_SOURCES = 256  # whose code is kept; a plugin has a few


class _FreshLoader(SourceFileLoader):
    """Reads the source each time: stored bytecode of the same second and size would be taken for it."""

    def get_code(self, fullname: str) -> CodeType:
        """Return a module's code; what hasn't changed is compiled once however often it is loaded."""
        path = self.get_filename(fullname)
        return _compiled(self.get_data(path), path)


@lru_cache(_SOURCES)
def _compiled(data: bytes, path: str) -> CodeType:
    return compile(data, path, "exec", dont_inherit=True)


class PluginFinder(MetaPathFinder):
    """Finds the modules of plugins that are loaded: plugins.<id> in its folder, wherever that is."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}

    def install(self) -> None:
        """Have imports ask it, before others."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Have imports ask it no more."""
        with suppress(ValueError):
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a plugin's module is; None for all others."""
        package, _, rest = fullname.partition(".")
        plugin_id, _, inner = rest.partition(".")
        folder = self.folders.get(plugin_id)
        if package != PACKAGE or folder is None:
            return None
        base = folder.joinpath(*inner.split(".")) if inner else folder
        if base.is_dir():
            init = base / "__init__.py"
            if not init.is_file():
                spec = ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [str(base)]
                return spec
            return spec_from_file_location(
                fullname, init, loader=_FreshLoader(fullname, str(init)),
                submodule_search_locations=[str(base)],
            )  # fmt: skip
        file = base.with_suffix(".py")
        if not file.is_file():
            return None
        return spec_from_file_location(fullname, file, loader=_FreshLoader(fullname, str(file)))

    def load(self, plugin_id: str, folder: Path) -> ModuleType:
        """Return a plugin's module `plugin`, freshly run; raises whatever it raises."""
        self.forget(plugin_id)
        self.folders[plugin_id] = folder
        if PACKAGE not in sys.modules:
            with suppress(ModuleNotFoundError):
                import_module(PACKAGE)
        if PACKAGE not in sys.modules:
            package = ModuleType(PACKAGE)
            package.__path__ = []
            sys.modules[PACKAGE] = package
        return import_module(f"{PACKAGE}.{plugin_id}.plugin")

    def forget(self, plugin_id: str) -> None:
        """Drop a plugin's modules and what they hold."""
        self.folders.pop(plugin_id, None)
        root = f"{PACKAGE}.{plugin_id}"
        for name in [each for each in sys.modules if each == root or each.startswith(f"{root}.")]:
            module = sys.modules.pop(name)
            if isinstance(getattr(module.__spec__, "loader", None), _FreshLoader):  # else it isn't ours
                module.__dict__.clear()
        package = sys.modules.get(PACKAGE)
        if package is not None and hasattr(package, plugin_id):
            delattr(package, plugin_id)


def drop_garbage() -> None:
    """Give back what was dropped, as far as the interpreter can."""
    gc.collect()
