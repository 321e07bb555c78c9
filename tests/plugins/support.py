"""Plugins written into a folder, for a service or a whole bot to load."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from textwrap import dedent

from bot.plugin_api.testing import Trial

Run = Callable[..., AbstractAsyncContextManager[Trial]]
HEADER = """
import asyncio
from typing import Literal
from pydantic import BaseModel, Field
from bot.plugin_api import *
from bot.plugin_api import Button, Card, File, Form, FormField, Kind, Level, Material, Option

"""

HEAD = 'name = "{name}"\nversion = "1.0"\napi_version = 1\ndescription = "About {name}."\n'


def write_plugin(
    folder: Path, plugin_id: str, source: str, *permissions: str, statement: str = "", more: str = ""
) -> Path:
    """Write a plugin of that source; return its folder."""
    place = folder / plugin_id
    place.mkdir(parents=True, exist_ok=True)
    listed = ", ".join(f'"{each}"' for each in permissions)
    (place / "manifest.toml").write_text(
        f'id = "{plugin_id}"\n{HEAD.format(name=plugin_id.title())}permissions = [{listed}]\n'
        f'data_statement = "{statement}"\n{more}\n'
    )
    (place / "plugin.py").write_text(dedent(source))
    return place


def command(body: str, name: str = "do") -> str:
    """Return a setup that adds a command of that body."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    return f"async def run(call):\n{lines}\nctx.command({name!r}, 'Does it', run)"
