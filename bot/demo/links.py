"""The demo's two lines out: the sandbox's control API and the bot's admin API."""

import asyncio
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.demo.errors import DemoError

Json = dict[str, Any]
DEADLINE = 15.0  # seconds for any answer
RETRY_SECONDS = 0.02


class _Link:
    def __init__(self, name: str, url: str, token: str | None) -> None:
        self._name = name
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Never through a proxy of the environment: both live on this machine.
        self._session = aiohttp.ClientSession(
            headers=headers, timeout=aiohttp.ClientTimeout(total=DEADLINE), trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def _ask(self, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        try:
            async with self._session.request(method, self.url + path, json=body) as response:
                if response.content_type == "application/json":
                    return response.status, await response.json()
                return response.status, await response.text()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise DemoError(f"{self._name} does not answer: {str(error) or type(error).__name__}") from None


class ControlLink(_Link):
    """Steers the sandbox."""

    def __init__(self, ready: Json) -> None:
        """Take the line the sandbox printed."""
        super().__init__("the sandbox", ready["control_url"], ready["control_token"])

    async def call(self, operation: str, /, **arguments: Any) -> Any:
        """Perform an operation.

        Raises:
            DemoError: it was refused.
        """
        status, answer = await self._ask("POST", f"/op/{operation}", arguments)
        if status != 200:  # noqa: PLR2004
            raise DemoError(f"the sandbox refuses {operation}: {answer.get('error', answer)}")
        return answer["result"]

    async def record(self, after: int = 0) -> list[Json]:
        """Return what has happened since entry `after`."""
        _, answer = await self._ask("GET", f"/record?after={after}&limit=1000000")
        entries: list[Json] = answer["entries"]
        return entries

    async def newer(self, after: int, kinds: str, seconds: float) -> tuple[list[Json], int]:
        """Wait for entries of the record newer than `after`; return those of `kinds`, and where to go on."""
        path = f"/record?after={after}&kinds={kinds}&wait={min(seconds, DEADLINE / 2)}&limit=500"
        _, answer = await self._ask("GET", path)
        return answer["entries"], answer["last"]

    async def shutdown(self) -> None:
        """Ask the sandbox to end."""
        await self._ask("POST", "/shutdown")


class AdminLink(_Link):
    """Asks the bot what it thinks."""

    def __init__(self, url: str, token: str | None) -> None:
        super().__init__("the bot's admin API", url, token)

    async def is_ready(self) -> bool:
        """Whether the bot is connected and can write."""
        status, _ = await self._ask("GET", "/readyz")
        return status == 200  # noqa: PLR2004

    async def story(self, message_id: int) -> Json | None:
        """Return everything the bot knows of a message, None when it has nothing."""
        status, answer = await self._ask("GET", f"/signals/{message_id}")
        if status == 404:  # noqa: PLR2004
            return None
        if status != 200:  # noqa: PLR2004
            raise DemoError(f"the bot's admin API answers {status}: {answer}")
        story: Json = answer
        return story

    async def settled(self, message_id: int, seconds: float) -> Json | None:
        """Return a message's story once the bot is done with it, or as it stands after `seconds`."""
        story: Json | None = None
        try:
            async with asyncio.timeout(seconds):
                while story is None or story["stage"] != "done":
                    story = await self.story(message_id)
                    if story is None or story["stage"] != "done":
                        await asyncio.sleep(RETRY_SECONDS)
        except TimeoutError:
            pass
        return story

    async def counter(self, name: str) -> float:
        """Return a counter of /metrics, its labels added up."""
        _, text = await self._ask("GET", "/metrics")
        samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return sum(float(value) for series, _, value in samples if series.partition("{")[0] == name)
