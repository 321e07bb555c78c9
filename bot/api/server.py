"""Runs the admin API in the bot's own event loop."""

import asyncio
import contextlib
import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from loguru import logger
from uvicorn import Config, Server

from bot.domain.errors import StartupError

START_DEADLINE = 5.0  # seconds
GRACE = 1  # seconds a request under way gets at the stop
STOP_DEADLINE = 3.0  # seconds
TICK = 1.0  # seconds
MAX_CONNECTIONS = 64  # idle ones included; uvicorn answers more with 503
MAX_HEAD_BYTES = 16_384


class _QuietServer(Server):
    """A uvicorn server that leaves the signals alone, says when it listens and wakes up once a second."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Let `serve` end."""
        self.should_exit = True
        self._leaving.set()

    async def main_loop(self) -> None:
        """Keep the Date header right until `leave`; the base class polls ten times a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._leaving.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: the bot handles SIGINT and SIGTERM, and stops the API last."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and set `listening`."""
        await super().startup(sockets=sockets)
        self.listening.set()


class ApiServer:
    """Serves the admin API on one address, from `start` to `stop`."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        """Bind nothing yet.

        Args:
            app: From `create_app`.
            host: A name or address; without admin token only one of this machine's own.
            port: 0 for any free one.
        """
        self._app = app
        self._host = host
        self._port = port
        self._server: _QuietServer | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def url(self) -> str:
        """The address, with the port really used once started and no slash at the end."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Bind the address and serve; returns once requests are answered.

        Raises:
            StartupError: The address is busy, not this machine's, not allowed, or without the protection of
                an admin token reachable by others.
        """
        if self._task is not None:
            raise RuntimeError("the admin API is started already")
        sock = await self._bind()
        config = Config(
            self._app,
            loop="none",
            http="h11",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=GRACE,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        )
        self._port = sock.getsockname()[1]
        self._stopping = False
        self._server = _QuietServer(config)
        self._task = asyncio.create_task(self._serve(self._server, sock), name="admin-api")
        listening = asyncio.create_task(self._server.listening.wait(), name="admin-api-listening")
        try:
            await asyncio.wait(
                {self._task, listening}, timeout=START_DEADLINE, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            listening.cancel()
            if not self._server.started:
                await self.stop()
        if self._task is None:
            raise StartupError(f"The admin API did not start on {self.url}: see the log for the reason")

    async def stop(self) -> None:
        """End every connection, idle ones at once, and free the address; harmless when not started."""
        server, task = self._server, self._task
        if server is None or task is None:
            return
        self._stopping = True
        server.leave()
        try:
            _, late = await asyncio.wait({task}, timeout=STOP_DEADLINE)
            if late:
                logger.warning("The admin API did not stop within {} s and is cut off", STOP_DEADLINE)
        finally:
            task.cancel()
            _abort_connections(server)
            self._server = self._task = None

    async def _serve(self, server: _QuietServer, sock: socket.socket) -> None:
        try:
            await server.serve(sockets=[sock])
        except Exception:
            logger.exception("The admin API on {} failed; the bot goes on without it", self.url)
        else:
            if not self._stopping:
                logger.error("The admin API on {} ended by itself; the bot goes on without it", self.url)
        finally:
            for listener in getattr(server, "servers", []):  # uvicorn sets it while starting
                listener.close()
            sock.close()
            _abort_connections(server)

    async def _bind(self) -> socket.socket:
        family, address = await self._resolve()
        if not (self._has_token or ipaddress.ip_address(address[0].partition("%")[0]).is_loopback):
            raise StartupError(
                f"The admin API refuses to start on {self._host!r}, where others can reach it, without a "
                "token: set ADMIN_TOKEN, or set ADMIN_HOST to 127.0.0.1"
            )
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name == "posix":  # elsewhere it would let two programs share the port
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind(address)
            sock.listen()  # at once: two sockets can be bound to one port, only one can listen
        except OSError as error:
            sock.close()
            raise StartupError(
                f"The admin API can't listen on {self._host}:{self._port} ({error.strerror or error}): "
                "stop the program that uses it, or set ADMIN_PORT to another port"
            ) from error
        return sock

    async def _resolve(self) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
        if not 0 <= self._port <= 65_535:  # noqa: PLR2004 - the largest port there is
            raise StartupError(f"ADMIN_PORT is {self._port}: set it to a port from 1 to 65535")
        try:
            async with asyncio.timeout(START_DEADLINE):
                found = await asyncio.get_running_loop().getaddrinfo(
                    self._host or "0.0.0.0",  # noqa: S104 - what an empty host means, so that it is refused
                    self._port,
                    type=socket.SOCK_STREAM,
                )
        except (OSError, UnicodeError, TimeoutError) as error:
            raise StartupError(
                f"The admin API's host {self._host!r} has no address: set ADMIN_HOST to 127.0.0.1"
            ) from error
        family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)  # IPv4 if any
        return family, (str(address[0]), *address[1:])

    @property
    def _has_token(self) -> bool:
        return getattr(self._app.state, "has_token", False) is True


def _abort_connections(server: Server) -> None:
    """Cut what is still open, such as a client that doesn't read its answer."""
    for connection in list(server.server_state.connections):
        connection.transport.abort()
