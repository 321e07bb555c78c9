"""`python run.py pull`: fetches the models that the settings name."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from bot.llm.defaults import defaults_for
from bot.llm.errors import LLMError
from bot.llm.ollama import OllamaProvider, PullProgress
from bot.settings import LlmSettings

FAILED, INTERRUPTED = 1, 130  # exit codes
_DIGEST = re.compile(r"(?<=^pulling) [0-9a-f]{12,64}$")


class SpeedColumn(TransferSpeedColumn):
    """The speed while something comes; afterwards it would be that of the last part, a few bytes."""

    def render(self, task: Task) -> Text:
        """Return the speed; "" at the end."""
        return Text() if task.finished else super().render(task)


def configured_models(settings: LlmSettings) -> list[str]:
    """Return every Ollama model that a chain names, each once; without any, the one of the settings."""
    return list(settings.wanted().get("ollama", (settings.ollama_model,)))


def run_pull(settings: LlmSettings, models: Sequence[str] = (), console: Console | None = None) -> int:
    """Pull `models`, or those configured; return 0, 1 when one failed, 130 when interrupted."""
    console = console or Console(stderr=True, highlight=False)
    wanted = list(dict.fromkeys(models)) or configured_models(settings)
    try:
        code = asyncio.run(_pull_all(str(settings.ollama_host), wanted, console))
    except KeyboardInterrupt:
        console.print("Stopped. What has come is kept: the next pull goes on there.", markup=False)
        return INTERRUPTED
    if code == 0 and "ollama" not in settings.wanted():
        console.print("The bot doesn't ask Ollama yet: set LLM_PROVIDER=ollama in .env.", markup=False)
    return code


async def _pull_all(url: str, models: Sequence[str], console: Console) -> int:
    provider = OllamaProvider(url)
    code = 0
    try:
        health = await provider.health(models)
        if not health.ok and not health.missing:
            console.print(health.detail, markup=False, soft_wrap=True)
            return FAILED
        with _bar(console) as progress:
            for model in models:
                try:
                    await _pull(provider, model, progress)
                except LLMError as error:
                    console.print(f"{model}: {error}", markup=False, soft_wrap=True)
                    code = FAILED
    finally:
        await provider.close()
    return code


def _bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        SpeedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    return Progress(*columns, console=console)


async def _pull(provider: OllamaProvider, model: str, progress: Progress) -> None:
    known = defaults_for(model).size
    task = progress.add_task(model, total=known)
    step = PullProgress("", 0, 0)
    try:
        async with aclosing(provider.pull(model)) as steps:
            async for step in steps:
                # Parts are named one after the other: until then the known size is the better total.
                total = max(step.total, known or 0) or None
                told = f"{model}: {plain_status(step.status)}"
                progress.update(task, completed=step.completed, total=total, description=told)
    except LLMError:
        progress.remove_task(task)
        raise
    progress.update(task, completed=step.completed, total=step.total, description=f"{model}: pulled")


def plain_status(status: str) -> str:
    """Return Ollama's words without the part's digest, which tells an owner nothing."""
    return _DIGEST.sub("", status)
