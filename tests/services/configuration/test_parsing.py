"""What people write becomes a value, or they are told the nearest that is one."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import UserFacingError
from bot.services.configuration.parsing import LONGEST, MOST, nearest, parse, suggest
from bot.services.configuration.settings import Kind, Named, Names, Setting

GUILD, HELP, DESK, NEWS, MODS, TWIN, OTHER = (10**17 + each for each in range(7))
NAMES = Names(
    GUILD,
    [
        Named(HELP, "help", "text"),
        Named(DESK, "support-desk", "forum"),
        Named(NEWS, "News", "text"),
        Named(TWIN, "general", "text"),
        Named(OTHER, "general", "text"),
    ],
    [Named(GUILD, "@everyone"), Named(MODS, "Mods")],
)


async def keep(guild_id: int, value: Any) -> None:
    raise AssertionError("nothing is written here")


def setting(kind: Kind, **values: Any) -> Setting:
    return Setting(key="topic.name", kind=kind, write=keep, title="Name", about="About", **values)


MODES = ("on", "suggest", "off")


@pytest.mark.parametrize(
    ("made", "written", "value"),
    [
        (setting(Kind.BOOL), " Yes ", True),
        (setting(Kind.BOOL), "off", False),
        (setting(Kind.CHOICE, choices=MODES), "ON", "on"),
        (setting(Kind.CHOICES, choices=MODES), "off, on", ["off", "on"]),
        (setting(Kind.WHOLE, bounds=(1, 5)), "5", 5),
        (setting(Kind.SHARE, bounds=(0, 1)), "0,75", 0.75),
        (setting(Kind.SHARE, bounds=(0, 1), none="as measured"), "none", None),
        (setting(Kind.DAYS, none="every day"), "Mon-Wed", [0, 1, 2]),
        (setting(Kind.LINES, none="none"), "Billing | Money; Bugs", "Billing | Money\nBugs"),
        (setting(Kind.CHANNEL), f"<#{HELP}>", HELP),
        (setting(Kind.CHANNEL), "#HELP", HELP),
        (setting(Kind.CHANNEL), str(NEWS), NEWS),
        (setting(Kind.CHANNEL, channel_types=lambda _: ("forum",)), "support-desk", DESK),
        (setting(Kind.CHANNELS, none="none"), f"help, <#{DESK}>", [str(HELP), str(DESK)]),
        (setting(Kind.ROLE), f"<@&{MODS}>", MODS),
        (setting(Kind.ROLES, none="none"), "mods", {MODS}),
        (setting(Kind.TEXT), "German", "German"),
    ],
)
def test_what_is_written_becomes_a_value(made: Setting, written: str, value: Any) -> None:
    assert parse(made, written, NAMES) == value


@pytest.mark.parametrize(
    ("made", "written", "told"),
    [
        (setting(Kind.BOOL), "maybe", "neither `on` nor `off`"),
        (setting(Kind.BOOL), "none", "neither `on` nor `off`"),
        (setting(Kind.CHOICE, choices=MODES), "sugest", "Did you mean `suggest`?"),
        (setting(Kind.WHOLE, bounds=(1, 5)), "9", "The nearest is `5`"),
        (setting(Kind.WHOLE, bounds=(1, 5)), "2.5", "not a whole number"),
        (setting(Kind.SHARE, bounds=(0, 1)), "-3", "The nearest is `0`"),
        (setting(Kind.SHARE, bounds=(0, 1)), "nan", "not a number"),
        (setting(Kind.SHARE, bounds=(0, 1)), "1e999", "not a number"),
        (setting(Kind.WHOLE, bounds=(1, 5)), "none", "needs a value"),
        (setting(Kind.CHANNEL), "hlep", "Did you mean `help`?"),
        (setting(Kind.CHANNEL), "general", "Several channels are called general"),
        (setting(Kind.CHANNEL), "support-desk", "it takes a text channel"),
        (setting(Kind.CHANNEL), "9" * 18, "isn't one of this server"),
        (setting(Kind.CHANNEL), f"<@&{MODS}>", "isn't one of this server"),
        (setting(Kind.ROLE), "mod", "Did you mean `Mods`?"),
        (setting(Kind.ROLE), "9" * 18, "That role isn't one of this server"),
    ],
)
def test_what_is_no_value_is_answered_with_the_nearest(made: Setting, written: str, told: str) -> None:
    with pytest.raises(UserFacingError) as caught:
        parse(made, written, NAMES)
    assert told in str(caught.value)


@pytest.mark.parametrize("kind", list(Kind))
@given(written=st.text(max_size=60))
def test_whatever_is_written_is_a_value_or_a_help(kind: Kind, written: str) -> None:
    made = setting(kind, choices=MODES, bounds=(0, 1), none="nothing")
    with suppress(UserFacingError):
        parse(made, written, NAMES)
    found = suggest(made, written, NAMES)
    assert len(found) <= MOST
    assert all(0 < len(name) <= LONGEST and len(value) <= LONGEST for name, value in found)


@pytest.mark.parametrize(
    ("made", "written", "first"),
    [
        (setting(Kind.BOOL), "", ("on", "on")),
        (setting(Kind.CHOICE, choices=MODES), "of", ("off", "off")),
        (setting(Kind.ZONE), "berl", ("Europe/Berlin", "Europe/Berlin")),
        (setting(Kind.CHANNEL), "#he", ("#help", str(HELP))),
        (setting(Kind.ROLE), "", ("@Mods", str(MODS))),
        (setting(Kind.CHOICES, choices=MODES), "on, o", ("on, off", "on, off")),
        (setting(Kind.WHOLE, none="never"), "", ("none: never", "none")),
    ],
)
def test_values_are_suggested(made: Setting, written: str, first: tuple[str, str]) -> None:
    assert suggest(made, written, NAMES)[0] == first


def test_only_channels_that_can_be_used_are_suggested() -> None:
    found = suggest(setting(Kind.CHANNEL, channel_types=lambda _: ("forum",)), "", NAMES)
    assert found == [("#support-desk", str(DESK))]


def test_nothing_near_is_not_guessed() -> None:
    assert nearest("zzzz", ["on", "off"]) is None
