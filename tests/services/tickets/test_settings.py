"""What `/setup` stores."""

import pytest

from bot.domain.errors import UserFacingError
from tests.services.tickets.conftest import GUILD, Office

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
CARD, CUSTOM = "\N{CREDIT CARD}", "<:cat:123456789012345678>"


@pytest.mark.parametrize(
    ("line", "emoji", "name"),
    [
        (f"{CARD} Billing | money", CARD, "Billing"),
        (f"{CUSTOM} Billing", CUSTOM, "Billing"),
        ("- Billing | money", "", "Billing"),
        (f"\N{BULLET} {CARD} Billing", CARD, "Billing"),
        ("* Billing", "", "Billing"),
        ("<b> Billing", "", "<b> Billing"),
        ("\N{RIGHTWARDS ARROW} Billing", "", "\N{RIGHTWARDS ARROW} Billing"),
        (CARD, "", CARD),
        ("-", "", "-"),
    ],
    ids=ascii,
)
async def test_a_category_begins_with_an_emoji_or_none(
    office: Office, line: str, emoji: str, name: str
) -> None:
    [category] = await office.service.settings.set_categories(GUILD, line)
    assert (category.emoji, category.name) == (emoji, name)


async def test_a_category_has_a_role_of_its_own_until_that_is_gone(office: Office) -> None:
    settings = office.service.settings
    _, bugs = await settings.set_categories(GUILD, "Billing\nBugs")
    await settings.set_category_role(GUILD, bugs.id, 77)
    await settings.set_categories(GUILD, "Bugs\nBilling")
    await office.again().load()
    settings = office.service.settings
    assert [(each.name, each.staff_role_id) for each in settings.categories(GUILD)] == [
        ("Bugs", 77), ("Billing", None),
    ]  # fmt: skip
    assert not await settings.forget_role(GUILD, 77)
    await office.again().load()
    category = office.service.settings.category(GUILD, bugs.id)
    assert category is not None
    assert category.staff_role_id is None


async def test_everyone_and_categories_that_are_gone_are_no_choice(office: Office) -> None:
    settings = office.service.settings
    [billing] = await settings.set_categories(GUILD, "Billing")
    with pytest.raises(UserFacingError, match="Everyone"):
        await settings.set_category_role(GUILD, billing.id, GUILD)
    await settings.set_categories(GUILD, "")
    with pytest.raises(UserFacingError, match="no such category"):
        await settings.set_category_role(GUILD, billing.id, 77)
