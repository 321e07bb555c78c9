"""Loads plugins from their folders and unloads them."""

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

from pydantic import BaseModel, ValidationError

from bot.plugin_api.context import PluginContext
from bot.plugin_api.errors import BotError, UserFacingError
from bot.plugin_api.manifest import Manifest, ManifestError, describe
from bot.services.plugins.host import Entry, Means, PluginHost
from bot.services.plugins.importing import PluginFinder
from bot.services.plugins.output import PluginOutput
from bot.services.plugins.reading import PluginSourceError, check_sources
from bot.services.plugins.runner import PluginFailedError, Runner
from bot.services.plugins.steps import Meter
from bot.services.plugins.trouble import PluginInterrupt, Trouble
from bot.services.plugins.wording import Wording, WordingError

_SETTING: Final = re.compile(r"[a-z][a-z0-9_]{0,38}")  # its history is kept under plugins.<id>.<setting>
SETUP, ERASE, CONFIG = "setup", "delete_user_data", "Config"


class PluginLoadError(BotError):
    """A plugin can't be loaded; the text says why and what to do."""


class PluginLoader:
    """Makes a running plugin of a folder."""

    def __init__(
        self,
        means: Means,
        meter: Meter,
        output_of: Callable[[str], PluginOutput],
        report: Callable[[Trouble], None],
    ) -> None:
        self._means = means
        self._meter = meter
        self._output_of = output_of
        self._report = report
        self.finder = PluginFinder()

    async def load(self, entry: Entry) -> PluginHost:
        """Read, check, import and set a plugin up; return its host.

        Raises:
            PluginLoadError: it can't be done; nothing of it is left.
        """
        try:
            manifest = entry.manifest = Manifest.load(entry.folder)
            check_sources(entry.folder, manifest)
            wording = Wording(entry.folder)
        except (ManifestError, PluginSourceError, WordingError) as error:
            raise PluginLoadError(str(error)) from None
        deadline = manifest.deadline_seconds
        runner = Runner(
            entry.id, self._meter, self._means.clock, self._means.settings, self._report, deadline
        )
        host = PluginHost(manifest, self._means, runner, self._output_of(entry.id), self._report, wording)
        try:
            host.module = module = self._import(entry)
            _check_module(module, manifest)
            host.context = PluginContext(manifest, host)
            await runner.call(SETUP, _set_up(module, host.context))
            host.is_ready = True
        except (PluginLoadError, PluginFailedError, UserFacingError) as error:
            await self.unload(entry.id, host)
            raise PluginLoadError(str(error)) from None
        return host

    async def unload(self, plugin_id: str, host: PluginHost) -> None:
        """Stop a plugin and drop all it has."""
        await host.runner.close()
        host.undo()
        self.finder.forget(plugin_id)
        self._meter.held.pop(plugin_id, None)
        await host.runner.close()  # what didn't end finds nothing of its module any more

    def _import(self, entry: Entry) -> ModuleType:
        try:
            with self._meter.step(entry.id):
                return self.finder.load(entry.id, entry.folder)
        except PluginInterrupt as error:
            raise PluginLoadError(f"plugin.py {error.text} when it was imported") from None
        except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever it does, it is marked)
            where = _line_of(error, entry.folder)
            raise PluginLoadError(
                f"{where} fails when it is imported: {type(error).__name__}: {error}"
            ) from None


def config_of(module: ModuleType | None) -> type[BaseModel] | None:
    """Return a plugin's model of settings, None where it has none."""
    found = getattr(module, CONFIG, None)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def in_order(manifests: Mapping[str, Manifest]) -> tuple[list[str], dict[str, str]]:
    """Return ids, each after those it depends on; and why others can't be loaded."""
    ordered: list[str] = []
    wrong: dict[str, str] = {}
    under_way: list[str] = []

    def visit(plugin_id: str) -> None:
        if plugin_id in ordered or plugin_id in wrong:
            return
        if plugin_id in under_way:
            circle = [*under_way[under_way.index(plugin_id) :], plugin_id]
            for each in circle[:-1]:
                wrong[each] = f"depends on itself: {' → '.join(circle)}; change depends_on"
            return
        under_way.append(plugin_id)
        for needed in manifests[plugin_id].depends_on:
            if needed not in manifests:
                wrong.setdefault(plugin_id, f"depends on {needed}, which isn't there: add it to the folder")
            else:
                visit(needed)
                if needed in wrong and plugin_id not in wrong:
                    wrong[plugin_id] = f"depends on {needed}, which doesn't run"
        under_way.pop()
        if plugin_id not in wrong:
            ordered.append(plugin_id)

    for each in sorted(manifests):
        visit(each)
    return ordered, wrong


async def _set_up(module: ModuleType, context: PluginContext) -> None:
    await module.setup(context)


def _check_module(module: ModuleType, manifest: Manifest) -> None:
    if not inspect.iscoroutinefunction(getattr(module, SETUP, None)):
        raise PluginLoadError("plugin.py needs `async def setup(ctx)`")
    if manifest.data_statement and not inspect.iscoroutinefunction(getattr(module, ERASE, None)):
        raise PluginLoadError(
            "plugin.py needs `async def delete_user_data(ctx, guild_id, user_id)`,"
            " because its manifest has a data_statement"
        )
    model = config_of(module)
    if model is not None:
        odd = [each for each in model.model_fields if not _SETTING.fullmatch(each)]
        if odd:
            raise PluginLoadError(
                f"Config: {odd[0]!r}: name a setting with 1 to 39 small letters, digits or _"
            )
        try:
            model()
        except ValidationError as error:
            raise PluginLoadError(f"Config needs a default for every setting: {describe(error)}") from None


def _line_of(error: BaseException, folder: Path) -> str:
    """Return the last line of a plugin's files that an error went through."""
    where = "plugin.py"
    trace = error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(folder):
            where = f"{file.relative_to(folder).as_posix()}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where
