"""Every button and form as every caller, with ids that a client could make up."""

import asyncio

import pytest

from bot.core.forms import KeptForm
from bot.core.ui import KeptButton
from tests.e2e.permissions.callers import People
from tests.e2e.permissions.calling import press, send
from tests.e2e.permissions.surfaces import buttons_of, forms_of, unlisted, untried, untried_of_plugins
from tests.e2e.permissions.table import rows
from tests.e2e.permissions.walking import unlike

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_button_and_form_and_all_they_can_say_is_in_the_table(cast: People) -> None:
    assert not unlisted("buttons", buttons_of(cast))
    assert not unlisted("forms", forms_of(cast))
    assert not untried("buttons", KeptButton)
    assert not untried("forms", KeptForm)
    assert not untried_of_plugins(cast)


async def test_every_form_works_for_whom_it_is_for_and_for_nobody_else(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("forms"):
        id_ = cast.filled(row.id)
        told = await asyncio.gather(*(send(cast, each, id_, dict(row.given)) for each in cast.places))
        wrong += unlike(row, cast.places, told)
    assert not wrong, "\n".join(wrong)


async def test_every_button_works_for_whom_it_is_for_and_for_nobody_else(cast: People) -> None:
    wrong: list[str] = []
    for row in rows("buttons"):
        id_, under = cast.filled(row.id), row.given.get("under")
        message = cast.facts[under] if under else None
        uses = (press(cast, each, id_, message, values=row.given.get("values")) for each in cast.places)
        wrong += unlike(row, cast.places, await asyncio.gather(*uses))
    assert not wrong, "\n".join(wrong)
