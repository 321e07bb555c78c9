"""One local model's process as the bot sees it: loaded when first asked, one answer at a time."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from loguru import logger

from bot.child.frames import FAILED
from bot.child.process import Child, ChildDied, ChildUnavailable, Command
from bot.llm.errors import ProviderUnavailable, TooSlow
from bot.llm.transformers_folders import Folder
from bot.llm.transformers_worker import DONE

Frame = tuple[bytes, bytes]
_T = TypeVar("_T")
_LAST: Final = (DONE, FAILED)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a process may take, and how often it may fail; times in seconds."""

    load: float = 600.0  # tens of gigabytes from a slow disk
    download: float = 14_400.0  # instead of `load` when the model has to be fetched
    settle: float = 2.0  # to end an answer nobody waits for; then the process is ended
    failures: int = 3  # so many within `period`, and no further start is tried meanwhile
    period: float = 600.0


class ModelProcess:
    """A model's process: started when first needed, again when it died, and gone after `close`.

    Loading goes on when the deadline of whoever asked first has passed, else a model that loads longer than a
    deadline would never be there.
    """

    def __init__(
        self,
        folder: Folder,
        threads: int,
        patience: Patience,
        monotonic: Callable[[], float] = time.monotonic,
        module: str = "bot.llm.transformers_worker",
    ) -> None:
        """Remember what to start; `module` is what the process runs."""
        self.trouble = ""  # why the last call failed, for people; "" after one that didn't
        self._name = folder.name
        self._patience = patience
        self._load_limit = patience.download if folder.repo else patience.load
        self._child = Child(_command(folder, threads, module), patience, monotonic)
        self._turn = asyncio.Lock()
        self._number = 0
        self._under_way = False  # an answer was asked for and hasn't ended
        self._is_closed = False
        self._starting: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        return self._child.pid

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._child.pid is not None and self._starting is None

    async def frames(self, request: Mapping[str, Any], until: float) -> AsyncGenerator[Frame, None]:
        """Yield the frames of an answer, the one that ends it last; asked again when the process died before.

        Left early, the answer is ended in the process; when that takes too long, so is the process.

        Args:
            request: what is asked, but for its number.
            until: the deadline, in the event loop's time.

        Raises:
            TooSlow: the deadline passed.
            ProviderUnavailable: the process doesn't start or ended; the text says the fix.
        """
        await self._take_turn(until)
        try:
            frame = await self._reported(self._begin(request, until))
            while True:
                self._under_way = frame[0] not in _LAST
                if not self._under_way:
                    self.trouble = ""
                    break
                yield frame
                frame = await self._reported(self._receive(until))
            yield frame
        finally:
            if self._under_way:
                self._settling = asyncio.create_task(self._settle())  # it gives the turn back
            else:
                self._turn.release()

    async def load(self, until: float) -> None:
        """Load the model, if it isn't; raises what `frames` does."""
        await self._take_turn(until)
        try:
            await self._reported(self._load_until(until))
        finally:
            self._turn.release()

    async def close(self) -> None:
        """End the process and whatever waits for it."""
        self._is_closed = True
        for task in (self._starting, self._settling):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        await self._child.stop()

    async def _take_turn(self, until: float) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._turn.acquire()
        except TimeoutError:
            raise TooSlow(f"{self._name} was busy with other answers until the deadline") from None

    async def _begin(self, request: Mapping[str, Any], until: float) -> Frame:
        """Ask and return the first frame of the answer."""
        try:
            return await self._ask(request, until)
        except ChildDied:
            if self._is_closed:
                raise
            await self._child.give_up()
            return await self._ask(request, until)

    async def _ask(self, request: Mapping[str, Any], until: float) -> Frame:
        self._under_way = False
        async with asyncio.timeout_at(until):
            await self._load()
            self._number += 1
            self._under_way = True
            await self._child.send(json.dumps({"id": self._number, **request}).encode())
        return await self._receive(until)

    async def _receive(self, until: float) -> Frame:
        # Only here: a timeout over a `yield` would cancel whatever its consumer does.
        async with asyncio.timeout_at(until):
            return await self._child.receive()

    async def _load_until(self, until: float) -> None:
        async with asyncio.timeout_at(until):
            await self._load()

    async def _load(self) -> None:
        """Wait until the model is loaded, by whoever began that."""
        if self._is_closed:
            raise ChildUnavailable(f"{self._name} is closed")
        starting = self._starting
        if starting is None:
            if self._child.pid is not None:
                return
            starting = self._starting = asyncio.create_task(self._start())
            starting.add_done_callback(_retrieve)
        await asyncio.wait({starting})  # which leaves it alone when this call is given up
        self._starting = None
        if starting.cancelled():
            raise ChildUnavailable(f"{self._name} is closed")
        starting.result()

    async def _start(self) -> None:
        try:
            await self._child.start(self._load_limit)
        except TimeoutError:
            await self._child.give_up()
            raise ChildUnavailable(f"{self._name} was not loaded in {self._load_limit:.0f} s") from None
        except ChildDied:
            await self._child.give_up()
            raise
        except asyncio.CancelledError:
            await self._child.discard()
            raise
        logger.info("Local model {} is loaded", self._name)

    async def _reported(self, waiting: Coroutine[Any, Any, _T]) -> _T:
        """Return what is waited for, and turn what goes wrong into what callers know."""
        try:
            return await waiting
        except TimeoutError:
            state = "answer" if self._under_way else "load"
            fix = "allow more time or use a smaller model"
            self.trouble = f"{self._name} did not {state} within the deadline: {fix}"
            raise TooSlow(self.trouble) from None
        except ChildDied as error:
            self._under_way = False
            await self._child.give_up()
            self.trouble = f"the process of {self._name} {error}: is there enough memory for the model?"
            raise ProviderUnavailable(self.trouble) from error
        except ChildUnavailable as error:
            self.trouble = str(error)
            raise ProviderUnavailable(self.trouble) from error

    async def _settle(self) -> None:
        """End an answer nobody waits for, so that it isn't taken for the next one's."""
        try:
            async with asyncio.timeout(self._patience.settle):
                await self._child.send(json.dumps({"cancel": self._number}).encode())
                while (await self._child.receive())[0] not in _LAST:
                    pass
        except (TimeoutError, ChildDied):
            logger.info("Local model {} could not be interrupted; its process is ended", self._name)
            await self._child.discard()
        finally:
            self._under_way = False
            self._turn.release()


def _command(folder: Folder, threads: int, module: str) -> Command:
    """Return what the process is."""
    arguments = [folder.name, str(folder.path), str(threads)]
    environment = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_TELEMETRY": "1"}
    if folder.repo:
        arguments.append(folder.repo)
    else:
        environment["HF_HUB_OFFLINE"] = "1"
    return Command(
        f"the process of {folder.name}", module, arguments, "the model's size and more", environment
    )


def _retrieve(task: asyncio.Task[None]) -> None:
    """Look at a task's failure, which asyncio else reports when nobody waits; the next call is told."""
    if not task.cancelled():
        task.exception()
