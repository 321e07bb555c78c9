"""Reactions: which of the gateway's events become feedback."""

from typing import Any, cast

import discord
import pytest

from bot.core.client import Bot
from bot.models import Verdict
from bot.services.feedback import FeedbackService
from bot.services.support_roles import SupportRoles
from cogs.feedback import Reactions
from tests.cogs.listening import settled
from tests.discord_payloads import (
    BOT,
    CHANNEL,
    GUILD,
    MEMBER,
    MESSAGE,
    OTHER_MEMBER,
    READ,
    feed,
    guild,
    make_bot,
    role,
    user,
)

UP, DOWN = "\U0001f44d", "\U0001f44e"
STAFF_ROLE = 77


class Told:
    """Stands for the service: keeps what it is told."""

    def __init__(self) -> None:
        self.given: list[tuple[int, int, int, Verdict, bool]] = []
        self.taken_back: list[tuple[int, int | None, Verdict | None]] = []

    async def react(
        self, guild_id: int, message_id: int, user_id: int, verdict: Verdict, *, is_staff: bool
    ) -> bool:
        self.given.append((guild_id, message_id, user_id, verdict, is_staff))
        return True

    async def take_back(
        self, message_id: int, user_id: int | None = None, verdict: Verdict | None = None
    ) -> None:
        self.taken_back.append((message_id, user_id, verdict))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def bot(told: Told) -> Bot:
    """A bot that listens to reactions, in a guild where one role may manage it."""
    bot, _ = await make_bot()
    manager = role(STAFF_ROLE, discord.Permissions(manage_guild=True).value)
    feed(bot, "GUILD_CREATE", guild(roles=[role(GUILD, READ), manager]))
    await bot.add_cog(Reactions(bot, cast("FeedbackService", told), SupportRoles()))
    return bot


def reaction(emoji: str | None = DOWN, user_id: int = MEMBER, **values: Any) -> dict[str, Any]:
    """MESSAGE_REACTION_ADD, by the member under the bot's message."""
    roles = values.pop("roles", [])
    of_member = {
        "user": user(user_id, **values.pop("user", {})), "roles": roles, "nick": None,
        "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0,
    }  # fmt: skip
    return {
        "user_id": str(user_id), "channel_id": str(CHANNEL), "message_id": str(MESSAGE),
        "guild_id": str(GUILD), "emoji": {"id": None, "name": emoji}, "message_author_id": str(BOT),
        "burst": False, "type": 0, "member": of_member, **values,
    }  # fmt: skip


async def test_thumbs_under_an_answer_are_taken(bot: Bot, told: Told) -> None:
    feed(bot, "MESSAGE_REACTION_ADD", reaction(DOWN))
    feed(bot, "MESSAGE_REACTION_ADD", reaction(UP, OTHER_MEMBER, roles=[str(STAFF_ROLE)]))
    await settled()
    assert told.given == [
        (GUILD, MESSAGE, MEMBER, Verdict.WRONG, False),
        (GUILD, MESSAGE, OTHER_MEMBER, Verdict.RIGHT, True),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"emoji": {"id": None, "name": "\U0001f389"}},
        {"emoji": {"id": "5", "name": None}},
        {"message_author_id": str(OTHER_MEMBER)},
        {"user": {"bot": True}},
        {"guild_id": None},
    ],
    ids=["another emoji", "a deleted emoji", "another's message", "a bot", "a direct message"],
)
async def test_others_are_not(bot: Bot, told: Told, changed: dict[str, Any]) -> None:
    payload = reaction(**changed)
    if payload["guild_id"] is None:
        del payload["guild_id"], payload["member"]
    feed(bot, "MESSAGE_REACTION_ADD", payload)
    await settled()
    assert told.given == []


async def test_what_is_taken_back_or_cleared_is_told(bot: Bot, told: Told) -> None:
    where = {"channel_id": str(CHANNEL), "message_id": str(MESSAGE), "guild_id": str(GUILD)}
    emoji = {"id": None, "name": UP}
    feed(
        bot,
        "MESSAGE_REACTION_REMOVE",
        {**where, "user_id": str(MEMBER), "emoji": emoji, "burst": False, "type": 0},
    )
    feed(bot, "MESSAGE_REACTION_REMOVE_EMOJI", {**where, "emoji": emoji})
    feed(bot, "MESSAGE_REACTION_REMOVE_EMOJI", {**where, "emoji": {"id": None, "name": "\U0001f389"}})
    feed(bot, "MESSAGE_REACTION_REMOVE_ALL", where)
    await settled()
    assert told.taken_back == [
        (MESSAGE, MEMBER, Verdict.RIGHT), (MESSAGE, None, Verdict.RIGHT), (MESSAGE, None, None),
    ]  # fmt: skip
