"""Every command and context menu as every caller: it works for whom the table says, and nobody else."""

import asyncio

import pytest

from tests.e2e.permissions.callers import People
from tests.e2e.permissions.calling import choose, use
from tests.e2e.permissions.surfaces import commands_of, menus_of, unlisted
from tests.e2e.permissions.table import rows
from tests.e2e.permissions.walking import unlike

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_command_and_menu_is_in_the_table(cast: People) -> None:
    assert not unlisted("commands", commands_of(cast))
    assert not unlisted("menus", menus_of(cast))


async def test_every_command_works_for_whom_it_is_for_and_for_nobody_else(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("commands"):
        given = {name: cast.filled(value) for name, value in row.given.items()}
        cast.clock.after_cooldowns()
        told = await asyncio.gather(*(use(cast, each, row.name, given) for each in cast.places.values()))
        wrong += unlike(row, cast.places, told)
    assert not wrong, "\n".join(wrong)


async def test_every_menu_works_for_whom_it_is_for_and_for_nobody_else(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("menus"):
        target = cast.facts[row.given["target"]]
        cast.clock.after_cooldowns()
        told = await asyncio.gather(*(choose(cast, each, row.name, target) for each in cast.places.values()))
        wrong += unlike(row, cast.places, told)
    assert not wrong, "\n".join(wrong)
