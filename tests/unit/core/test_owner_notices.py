"""Owners are told of ceilings: of a server's its owner, of the total who runs the bot."""

from datetime import date
from typing import Any

import pytest

from bot.core.client import Bot
from bot.llm.ports import CeilingNotice, OwnerAway, OwnerUnreachable
from bot.tools.owner import OwnerNotices
from tests.discord_payloads import (
    BOT,
    CHANNEL,
    GUILD,
    MEMBER,
    OWNER,
    FakeRest,
    error,
    feed,
    guild,
    make_bot,
    user,
)

TEXT = "the day's 1.00 US dollars are spent"
TEAM_OWNER = OWNER + 7
DIRECT = CHANNEL + 70
POST = ("POST", f"/channels/{DIRECT}/messages")


def notice(guild_id: int | None = GUILD, *, is_total: bool = False) -> CeilingNotice:
    return CeilingNotice(guild_id, is_total, date(2026, 3, 1), TEXT)


def application(**values: Any) -> dict[str, Any]:
    return {
        "id": str(BOT), "name": "lookout", "description": "", "icon": None, "bot_public": True,
        "bot_require_code_grant": False, "verify_key": "", "owner": user(MEMBER), "team": None, **values,
    }  # fmt: skip


@pytest.fixture
async def told() -> tuple[Bot, FakeRest, OwnerNotices]:
    bot, rest = await make_bot()
    feed(bot, "GUILD_CREATE", guild())
    for person in (OWNER, MEMBER, TEAM_OWNER):
        rest.answers["GET", f"/users/{person}"] = user(person)
    rest.answers["POST", "/users/@me/channels"] = {
        "id": str(DIRECT), "type": 1, "last_message_id": None, "recipients": [user(OWNER)],
    }  # fmt: skip
    rest.answers["GET", "/oauth2/applications/@me"] = application()
    rest.answers[POST] = {
        "id": "1", "channel_id": str(DIRECT), "type": 0, "content": "", "author": user(BOT, bot=True),
        "timestamp": "2026-03-01T12:00:00+00:00", "edited_timestamp": None, "tts": False,
        "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
        "pinned": False, "components": [],
    }  # fmt: skip
    notices = OwnerNotices()
    notices.bot = bot
    return bot, rest, notices


def recipients(rest: FakeRest) -> list[int]:
    return [int(body["recipient_id"]) for _, path, body in rest.requests if path == "/users/@me/channels"]


@pytest.mark.parametrize(
    ("given", "team", "owner"),
    [
        (notice(), None, OWNER),
        (notice(None), None, MEMBER),
        (notice(None, is_total=True), None, MEMBER),
        (notice(None, is_total=True), {"owner_user_id": str(TEAM_OWNER)}, TEAM_OWNER),
    ],
    ids=["a server's", "of no server", "the total", "the total of a team's bot"],
)
async def test_the_owner_it_concerns_is_told_once_with_a_nonce(
    told: tuple[Bot, FakeRest, OwnerNotices], given: CeilingNotice, team: Any, owner: int
) -> None:
    _, rest, notices = told
    if team is not None:
        whole = {"id": "5", "icon": None, "name": "team", "members": [], **team}
        rest.answers["GET", "/oauth2/applications/@me"] = application(team=whole)
    await notices.tell(given)
    assert recipients(rest) == [owner]
    [sent] = [body for method, path, body in rest.requests if (method, path) == POST]
    assert sent["content"] == f"Language models: {TEXT}."
    assert len(sent["nonce"]) == 24
    assert sent["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (error(403, 50_007), OwnerUnreachable),
        (error(404, 10_003), OwnerUnreachable),
        (error(500), OwnerAway),
        (OSError("reset"), OwnerAway),
    ],
    ids=["closed", "gone", "failing", "disconnected"],
)
async def test_who_cannot_be_told_now_is_told_apart_from_who_never_can(
    told: tuple[Bot, FakeRest, OwnerNotices], fault: Exception, expected: type[OwnerAway]
) -> None:
    _, rest, notices = told
    rest.answers[POST] = fault
    with pytest.raises(OwnerAway) as caught:
        await notices.tell(notice())
    assert type(caught.value) is expected


async def test_before_there_is_a_bot_nobody_is_told_yet() -> None:
    with pytest.raises(OwnerAway):
        await OwnerNotices().tell(notice())
