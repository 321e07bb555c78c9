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


class TestSettings:
    async def test_categories_are_read_line_by_line(self, office: Office) -> None:
        text = "\N{CREDIT CARD} Billing | Payments\n\n3D printing\n<:bug:123> Bugs and more |"
        await office.service.settings.set_categories(GUILD, text)
        found = [(c.emoji, c.name, c.description) for c in office.service.settings.categories(GUILD)]
        assert found == [
            ("\N{CREDIT CARD}", "Billing", "Payments"),
            ("", "3D printing", ""),
            ("<:bug:123>", "Bugs and more", ""),
        ]  # fmt: skip
        await office.again().load()
        assert len(office.service.settings.categories(GUILD)) == 3

    @pytest.mark.parametrize(
        "text",
        ["A\na", "Open", "x" * 21, "A | " + "x" * 101, "\n".join(f"c{n}" for n in range(16)), "| only"],
        ids=["twice", "a state", "long", "long description", "many", "nameless"],
    )
    async def test_other_categories_are_refused(self, office: Office, text: str) -> None:
        with pytest.raises(UserFacingError):
            await office.service.settings.set_categories(GUILD, text)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("max_open", 0), ("cooldown_seconds", -1), ("remind_hours", 0), ("close_hours", 99_999),
         ("working_hours", "whenever")],
    )  # fmt: skip
    async def test_values_out_of_bounds_are_refused(self, office: Office, name: str, value: object) -> None:
        with pytest.raises(UserFacingError):
            await office.service.settings.change(GUILD, **{name: value})

    async def test_a_forum_is_made_with_its_tags(self, office: Office) -> None:
        await office.service.settings.set_categories(GUILD, "Billing")
        forum_id = await office.service.create_forum(GUILD, "support")
        settings = office.service.settings.of(GUILD)
        assert settings.parent_id == forum_id
        assert settings.tags is not None
        assert set(settings.tags) == set(office.service.settings.tag_names(GUILD))
