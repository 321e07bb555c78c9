"""What tests of backups share: a place to back up, whichever database it has, and a look into an archive."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.engine import sqlite_path
from bot.services.backups.making import Place


def place_of(engine: AsyncEngine, config: Path | None = None) -> Place:
    """Return the place of a test's database."""
    url = engine.url.render_as_string(hide_password=False)
    return Place(url, sqlite_path(url), config)


async def put(engine: AsyncEngine, key: str, value: str) -> None:
    """Store a value under a key."""
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM kv WHERE scope = 'test' AND key = :key"), {"key": key})
        await connection.execute(
            text("INSERT INTO kv (scope, key, value) VALUES ('test', :key, :value)"),
            {"key": key, "value": json.dumps({"is": value})},
        )


async def there(engine: AsyncEngine) -> dict[str, str]:
    """Return every value stored by `put`, and close the connection, which may look at a file that is gone."""
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT key, value FROM kv WHERE scope = 'test'"))).all()
    await engine.dispose()
    return {key: (json.loads(value) if isinstance(value, str) else value)["is"] for key, value in rows}


def parts(path: Path) -> dict[str, bytes]:
    """Return the files in an archive by their names."""
    with tarfile.open(path, "r:gz") as archive:
        return {
            member.name: source.read()
            for member in archive
            if (source := archive.extractfile(member)) is not None
        }


def rewrite(path: Path, change: Callable[[dict[str, bytes]], Any]) -> None:
    """Write an archive anew with its files changed."""
    files = parts(path)
    change(files)
    with gzip.open(path, "wb") as out, tarfile.open(mode="w", fileobj=out) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def rewrite_manifest(path: Path, **values: Any) -> None:
    """Change what an archive says of itself."""

    def change(files: dict[str, bytes]) -> None:
        files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) | values).encode()

    rewrite(path, change)
