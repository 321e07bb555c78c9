"""PostgreSQL for tests: databases of one's own on a real server, and a server that only refuses."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine


async def create_postgres(suffix: str) -> str:
    """Create an empty database beside the one of TEST_POSTGRES_URL and return its address."""
    server = os.environ.get("TEST_POSTGRES_URL") or pytest.skip("TEST_POSTGRES_URL is not set")
    parsed = make_url(server)
    name = f"{parsed.database}_{suffix}"
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        await connection.execute(text(f'CREATE DATABASE "{name}"'))
        await connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    await admin.dispose()
    return parsed.set(database=name).render_as_string(hide_password=False)


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
