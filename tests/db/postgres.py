"""PostgreSQL for tests: databases of one's own on a real server, and a server that only refuses."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine


@contextmanager
def postgres_database(kind: str) -> Iterator[str]:
    """Have an empty database beside that of TEST_POSTGRES_URL for this process alone; yield its address."""
    server = os.environ.get("TEST_POSTGRES_URL") or pytest.skip("TEST_POSTGRES_URL is not set")
    parsed = make_url(server).set(drivername="postgresql+asyncpg")
    name = f"{parsed.database}_{kind}_{socket.gethostname()}_{os.getpid()}"[-63:]  # PostgreSQL's longest name
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    create = f'CREATE DATABASE "{name}"'
    with ThreadPoolExecutor(1) as thread:  # a loop of its own, away from the tests' ones
        settings = f'ALTER DATABASE "{name}" SET synchronous_commit = off'
        thread.submit(asyncio.run, _execute(parsed, drop, create, settings)).result(60)
        try:
            yield parsed.set(database=name).render_as_string(hide_password=False)
        finally:
            thread.submit(asyncio.run, _execute(parsed, drop)).result(60)


async def _execute(server: URL, *statements: str) -> None:
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await admin.dispose()


class RefusingServer:
    """Speaks just enough of PostgreSQL's protocol to ask for a password and answer with one error."""

    def __init__(self, sqlstate: str, message: str) -> None:
        fields = f"SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0".encode()
        self._answer = b"E" + struct.pack("!i", len(fields) + 4) + fields
        self.refused = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            [length] = struct.unpack("!i", await reader.readexactly(4))
            start = await reader.readexactly(length - 4)
            if start == struct.pack("!hh", 1234, 5679):  # asks for TLS first
                writer.write(b"N")
                [length] = struct.unpack("!i", await reader.readexactly(4))
                await reader.readexactly(length - 4)
            writer.write(b"R" + struct.pack("!ii", 8, 3))  # the password in clear text, please
            [_, length] = struct.unpack("!ci", await reader.readexactly(5))
            await reader.readexactly(length - 4)
            self.refused += 1
            writer.write(self._answer)
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def refusing(sqlstate: str, message: str) -> AsyncIterator[RefusingServer]:
    """Run a `RefusingServer` on a free port."""
    refuser = RefusingServer(sqlstate, message)
    server = await asyncio.start_server(refuser.serve, "127.0.0.1", 0)
    refuser.port = server.sockets[0].getsockname()[1]
    try:
        yield refuser
    finally:
        server.close()
        await server.wait_closed()
