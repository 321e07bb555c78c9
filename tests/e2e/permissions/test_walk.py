"""Everything that can be used, as every caller: it works for whom the table says, and for nobody else.

The tests are about one bot, in their order: the later ones take away what the earlier ones are about.
"""

import pytest

from bot.core.forms import KeptForm
from bot.core.ui import KeptButton
from tests.e2e.permissions.callers import People
from tests.e2e.permissions.calling import choose, press, send, type_into, use
from tests.e2e.permissions.opening import shown_to, walk_forms, walk_kept, walk_views
from tests.e2e.permissions.surfaces import (
    WIZARD,
    autocompletes_of,
    buttons_of,
    commands_of,
    forms_of,
    menus_of,
    unlisted,
    untried,
    untried_of_plugins,
    unwalked,
    wizard_of,
)
from tests.e2e.permissions.table import CANARY, rows
from tests.e2e.permissions.walking import walk

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_everything_is_in_the_table(cast: People) -> None:
    assert not unlisted("commands", commands_of(cast))
    assert not unlisted("menus", menus_of(cast))
    assert not unlisted(
        "buttons", buttons_of(cast) | {row.name for row in rows("buttons") if WIZARD in row.id}
    )
    assert not unlisted("forms", forms_of(cast))
    assert not untried("buttons", KeptButton)
    assert not untried("forms", KeptForm)
    assert not untried_of_plugins(cast)
    assert not unlisted("autocompletes", autocompletes_of(cast))
    assert not unwalked()


async def test_what_an_answer_shows_works_for_who_asked_and_for_nobody_else(cast: People) -> None:
    wrong = await walk_views(cast, rows("views"))
    assert not wrong, "\n".join(wrong)


async def test_every_form_that_is_sent_once_works_for_whom_it_is_for_and_for_nobody_else(
    cast: People,
) -> None:
    wrong = await walk_forms(cast, rows("once"))
    assert not wrong, "\n".join(wrong)


async def test_every_option_suggests_only_to_who_may_use_its_command(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("autocompletes"):
        command, _, option = row.name.rpartition(" ")
        given = {name: cast.filled(value) for name, value in row.given.items()}
        wrong += await walk(cast, row, lambda each: type_into(cast, each, command, option, given))  # noqa: B023
    assert not wrong, "\n".join(wrong)


async def test_every_menu_works_for_whom_it_is_for_and_for_nobody_else(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("menus"):
        target = cast.facts[row.given["target"]]
        cast.clock.after_cooldowns()
        wrong += await walk(cast, row, lambda each: choose(cast, each, row.name, target))  # noqa: B023
    assert not wrong, "\n".join(wrong)


async def test_every_command_works_for_whom_it_is_for_and_for_nobody_else(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("commands"):
        given = {name: cast.filled(value) for name, value in row.given.items()}
        cast.clock.after_cooldowns()
        if row.opens:
            await shown_to(cast, row.who, row.opens)
        wrong += await walk(cast, row, lambda each: use(cast, each, row.name, given))  # noqa: B023
    assert not wrong, "\n".join(wrong)


async def test_every_form_works_for_whom_it_is_for_and_for_nobody_else(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("forms"):
        id_ = cast.filled(row.id)
        wrong += await walk(cast, row, lambda each: send(cast, each, id_, row.given))  # noqa: B023
    assert not wrong, "\n".join(wrong)


async def test_every_button_works_for_whom_it_is_for_and_for_nobody_else(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("buttons"):
        if row.opens:
            wrong += await walk_kept(cast, [row])
            continue
        id_, under, values = cast.filled(row.id), row.given.get("under"), cast.filled(row.given.get("values"))
        message = cast.facts[under] if under else None
        found = cast.message(message) if message else None
        wrong += await walk(cast, row, lambda each: press(cast, each, id_, found, values=values))  # noqa: B023
    assert not wrong, "\n".join(wrong)
    missed = wizard_of(cast) - {row.id for row in rows("buttons")}
    assert not missed, f"shown by the wizard and not tried: {missed}"


async def test_strangers_have_got_nothing_of_this_server(cast: People) -> None:
    guild = cast.discord.core.world.guilds[cast.home.guild.id]
    channels = [each.id for each in cast.discord.core.world.channels.values() if each.guild_id == guild.id]
    ours = {str(each) for each in (*channels, *guild.roles, guild.id)} | {CANARY}
    theirs = list(cast.journal.kept(cast.other.guild.id))
    assert len(theirs) > len(rows("views")), "they have used nothing"
    assert not [each for each in theirs if any(word in each.casefold() for word in ours)]
