"""A sandbox in another process: the driver's vocabulary over the control API."""

import asyncio
import json
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp

from sandbox.errors import ApiError
from sandbox.ops.registry import OperationError
from sandbox.record import PATIENCE, Entry, Predicate
from sandbox.vocabulary import Vocabulary

START_DEADLINE = 20.0
STOP_DEADLINE = 5.0


class SandboxClient(Vocabulary):
    """Speaks to `python -m sandbox`: `async with SandboxClient(ready) as discord:`.

    Attributes:
        ready: the line the sandbox printed, as JSON: addresses, token, application_id, ids by name.
        record: the part of the record fetched so far; `await sync()` brings it up to date.
    """

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.record: list[Entry] = []
        self.api_url: str = ready["api_url"]
        self.gateway_url: str = ready["gateway_url"]
        self.cdn_url: str = ready["cdn_url"]
        self.token: str = ready["token"]
        self.application_id: int = ready["application_id"]
        self.process: asyncio.subprocess.Process | None = None
        self._seen = 0
        self._session: aiohttp.ClientSession | None = None
        self._fetching = asyncio.Lock()

    @classmethod
    async def launch(cls, *arguments: str) -> Self:
        """Start `python -m sandbox` as a child that ends with this process, and return a client for it.

        Raises:
            RuntimeError: it ended before it was ready.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sandbox",
            "--exit-with-parent",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 22,
        )
        if process.stdout is None:
            raise RuntimeError("the sandbox has no output")
        async with asyncio.timeout(START_DEADLINE):
            line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sandbox ended at once with code {await process.wait()}")
        client = cls(json.loads(line))
        client.process = process
        return client

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self.ready['control_token']}"}
        self._session = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=120))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; a sandbox that was launched from here is ended."""
        if self.process is not None:
            with suppress(aiohttp.ClientError):
                await self.shutdown()
            try:
                async with asyncio.timeout(STOP_DEADLINE):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
            if self.process.stdin is not None:
                self.process.stdin.close()
        if self._session is not None:
            await self._session.close()

    async def shutdown(self) -> None:
        """Ask the sandbox to end."""
        await self._request("POST", "/shutdown")

    async def call(self, op: str, /, **args: Any) -> Any:
        """Perform an operation by name.

        Raises:
            ApiError: Discord wouldn't let the member do that.
            OperationError: the request makes no sense.
        """
        return (await self._request("POST", f"/op/{op}", args))["result"]

    async def _request(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        if self._session is None:
            raise RuntimeError("enter the client first: async with SandboxClient(...)")
        url = self.ready["control_url"] + path
        async with self._session.request(method, url, json=body, params=query) as response:
            answer = await response.json()
        if answer.get("type") == "ApiError":
            raise ApiError(answer["status"], answer["code"], answer["message"], answer.get("errors"))
        if "error" in answer:
            raise OperationError(answer["error"])
        return answer

    async def sync(self, wait: float = 0.0) -> list[Entry]:
        """Fetch what is new in the record, waiting up to `wait` seconds for something; return the whole."""
        async with self._fetching:
            answer = await self._request("GET", "/record", after=str(self._seen), wait=str(wait))
            for entry in answer["entries"]:
                self.record.append(entry)
                self._seen = entry["n"]
        return self.record

    async def wait_for(self, predicate: Predicate, timeout: float = PATIENCE, after: int = 0) -> Entry:  # noqa: ASYNC109
        """Return the first entry of the record newer than `after` that satisfies the predicate.

        Raises:
            TimeoutError: none came in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        looked = 0
        await self.sync()
        while True:
            for entry in self.record[looked:]:
                if entry["n"] > after and predicate(entry):
                    return entry
            looked = len(self.record)
            left = deadline - loop.time()
            if left <= 0:
                last = [f"{e['n']} {e['kind']}" for e in self.record[-8:]]
                raise TimeoutError(f"nothing like that within {timeout} s; last of the record: {last}")
            await self.sync(left)
