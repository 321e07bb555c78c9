"""The page of a sandbox that was installed somewhere, started from anywhere."""

import asyncio
import json
import os
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import sandbox
from tests.only_loopback.plugin import child_environment
from tests.page.visitor import Visitor

SOURCE = Path(sandbox.__file__).parent


@asynccontextmanager
async def started(where: Path, folder: Path, *arguments: str) -> AsyncIterator[dict[str, Any]]:
    """Run `python -m sandbox` of a place in another folder; gives its ready line."""
    guard = child_environment()
    path = os.pathsep.join((guard["PYTHONPATH"], str(where)))
    environment = os.environ | guard | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--exit-with-parent", *arguments,
        cwd=folder, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            yield json.loads(await process.stdout.readline())
            process.stdin.close()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture(params=["folder", "zip"])
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "folder":
        return SOURCE.parent
    archive = tmp_path / "site.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in SOURCE.rglob("*.*"):
            if "__pycache__" not in file.parts:
                packed.write(file, file.relative_to(SOURCE.parent))
    return archive


async def test_the_ready_line_has_the_pages_address(installed: Path, tmp_path: Path) -> None:
    async with started(installed, tmp_path) as ready, Visitor(ready["page_url"]) as visitor:
        assert visitor.token == ready["control_token"]
        for path in ("/", "/main.js", "/vendor/preact.mjs", "/styles/base.css"):
            status, _, body = await visitor.get(path)
            assert (status, bool(body)) == (200, True)
        live = await visitor.line()
        await live.say({"token": visitor.token, "as": None})
        names = [person["username"] for person in (await live.until("READY"))["people"]]
        assert names == ["owner", "alice", "bob"]


async def test_the_page_of_a_world_without_people_serves(tmp_path: Path) -> None:
    seed = tmp_path / "empty.json"
    seed.write_text('{"guilds": []}', encoding="utf-8")
    async with (
        started(SOURCE.parent, tmp_path, "--seed", str(seed)) as ready,
        Visitor(ready["page_url"]) as visitor,
    ):
        live = await visitor.line()
        await live.say({"token": visitor.token, "as": None})
        assert await live.next() == ("NOBODY", {})


async def test_the_pages_port_can_be_chosen(tmp_path: Path) -> None:
    with_free = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = with_free.sockets[0].getsockname()[1]
    with_free.close()
    await with_free.wait_closed()
    async with started(SOURCE.parent, tmp_path, "--page-port", str(port)) as ready:
        assert ready["page_url"].startswith(f"http://127.0.0.1:{port}/#")


async def test_a_free_port_is_taken_in_place_of_a_taken_one(tmp_path: Path) -> None:
    other = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    async with (
        other,
        started(SOURCE.parent, tmp_path, "--page-port", str(port)) as ready,
        Visitor(ready["page_url"]) as visitor,
    ):
        assert f":{port}/" not in ready["page_url"]
        live = await visitor.line()
        await live.say({"token": visitor.token, "as": None})
        assert (await live.until("READY"))["people"]
