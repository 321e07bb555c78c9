from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import discord
import pytest

from bot.core.client import Bot
from bot.domain.snowflake import snowflake_at
from bot.models import Action
from bot.services.tools import (
    NotPermittedError,
    RefusedError,
    Sent,
    TargetGoneError,
    ToolError,
    UnreachableError,
)
from bot.tools.responder import DiscordResponderTool
from tests.discord_payloads import (
    BOT,
    CHANNEL,
    GUILD,
    MESSAGE,
    OWNER,
    THREAD,
    FakeRest,
    channel,
    error,
    feed,
    guild,
    make_bot,
    message,
    role,
    thread,
    user,
)
from tests.services.support import signal

POST = ("POST", f"/channels/{CHANNEL}/messages")
HISTORY = ("GET", f"/channels/{CHANNEL}/messages")
DM_CHANNEL = 77
CREATED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNAL = signal(message_id=MESSAGE)


def action(**values: Any) -> Action:
    known: dict[str, Any] = {
        "signal_id": SIGNAL.id, "kind": "reply", "guild_id": GUILD, "channel_id": CHANNEL,
        "reference_id": MESSAGE, "nonce": "a" * 24, "content": "What did you try?", "created_at": CREATED,
    }  # fmt: skip
    return Action(**known | values)


@pytest.fixture
async def parts() -> tuple[Bot, FakeRest]:
    bot, rest = await make_bot()
    feed(bot, "GUILD_CREATE", guild(channel(), threads=(thread(),)))
    rest.answers[POST] = message(1, author=user(BOT, "lookout", bot=True))
    return bot, rest


@pytest.fixture
def tool(parts: tuple[Bot, FakeRest]) -> DiscordResponderTool:
    return DiscordResponderTool(parts[0], "reply")


@pytest.fixture
def rest(parts: tuple[Bot, FakeRest]) -> FakeRest:
    return parts[1]


class TestSending:
    async def test_replies_with_a_nonce_and_mentions_nobody_else(
        self, tool: DiscordResponderTool, rest: FakeRest
    ) -> None:
        assert await tool.send(action(), SIGNAL) == Sent(MESSAGE + 1)
        [(_, _, said)] = rest.requests
        assert said["content"] == "What did you try?"
        assert (said["nonce"], said["enforce_nonce"]) == ("a" * 24, True)
        assert said["message_reference"]["message_id"] == MESSAGE
        assert said["allowed_mentions"] == {"parse": [], "replied_user": True}

    async def test_without_a_reference_it_is_a_message_of_its_own(
        self, tool: DiscordResponderTool, rest: FakeRest
    ) -> None:
        await tool.send(action(reference_id=None), SIGNAL)
        assert "message_reference" not in rest.requests[0][2]

    @pytest.mark.parametrize(
        ("answer", "raised", "told"),
        [
            (error(404, 10_003, "Unknown Channel"), TargetGoneError, "Unknown Channel"),
            (error(400, 50_035, "In message_reference: Unknown message"), TargetGoneError, "answer is gone"),
            (error(400, 50_035, "In content: Must be 2000 or fewer"), RefusedError, "2000 or fewer"),
            (error(400, 50_083, "Thread is archived"), TargetGoneError, "archived"),
            (error(400, 160_002, "Cannot reply"), NotPermittedError, "Read Message History"),
            (error(429), UnreachableError, "429"),
            (error(500), UnreachableError, "500"),
            (discord.RateLimited(99.0), UnreachableError, "99"),
            (aiohttp.ClientConnectionError("no route"), UnreachableError, "no route"),
            (ConnectionResetError(), UnreachableError, "ConnectionResetError"),
        ],
        ids=["channel gone", "message gone", "text", "archived", "no history", "429", "500", "rate", "route",
             "reset"],
    )  # fmt: skip
    async def test_failures_are_told_apart(
        self,
        tool: DiscordResponderTool,
        rest: FakeRest,
        answer: Exception,
        raised: type[ToolError],
        told: str,
    ) -> None:
        rest.answers[POST] = answer
        with pytest.raises(raised) as caught:
            await tool.send(action(), SIGNAL)
        assert told in str(caught.value)
        assert type(caught.value) is raised


class TestForbidden:
    @pytest.mark.parametrize(
        ("place", "missing"),
        [(CHANNEL, "Send Messages"), (THREAD, "Send Messages In Threads"), (5, "View Channel")],
        ids=["channel", "thread", "unknown"],
    )
    async def test_what_is_missing_is_named(self, place: int, missing: str) -> None:
        bot, rest = await make_bot()
        readable = discord.Permissions(view_channel=True, read_message_history=True).value
        feed(bot, "GUILD_CREATE", guild(channel(), threads=(thread(),), roles=[role(GUILD, readable)]))
        rest.answers["POST", f"/channels/{place}/messages"] = error(403, 50_013, "Missing Permissions")
        with pytest.raises(NotPermittedError) as caught:
            await DiscordResponderTool(bot, "reply").send(action(channel_id=place), SIGNAL)
        assert caught.value.missing == missing

    @pytest.mark.parametrize(("code", "missing"), [(50_001, "View Channel"), (50_013, "Send Messages")])
    async def test_the_code_tells_where_the_cache_knows_nothing_missing(
        self, tool: DiscordResponderTool, rest: FakeRest, code: int, missing: str
    ) -> None:
        rest.answers[POST] = error(403, code)
        with pytest.raises(NotPermittedError) as caught:
            await tool.send(action(), SIGNAL)
        assert caught.value.missing == missing


class TestTellingTheOwner:
    @pytest.fixture
    def owner(self, parts: tuple[Bot, FakeRest]) -> tuple[DiscordResponderTool, FakeRest]:
        bot, rest = parts
        rest.answers["GET", f"/users/{OWNER}"] = user(OWNER, "owner")
        rest.answers["POST", "/users/@me/channels"] = {
            "id": str(DM_CHANNEL), "type": 1, "recipients": [user(OWNER, "owner")], "last_message_id": None,
        }  # fmt: skip
        said = message(2, channel_id=str(DM_CHANNEL))
        rest.answers["POST", f"/channels/{DM_CHANNEL}/messages"] = said
        return DiscordResponderTool(bot, "tell_owner"), rest

    async def test_goes_to_their_direct_messages(self, owner: tuple[DiscordResponderTool, FakeRest]) -> None:
        tool, rest = owner
        assert (await tool.send(action(reference_id=None), SIGNAL)).message_id == MESSAGE + 2
        assert rest.requests[-1][1] == f"/channels/{DM_CHANNEL}/messages"

    async def test_closed_direct_messages_are_told(
        self, owner: tuple[DiscordResponderTool, FakeRest]
    ) -> None:
        tool, rest = owner
        rest.answers["POST", f"/channels/{DM_CHANNEL}/messages"] = error(403, 50_007)
        with pytest.raises(NotPermittedError, match="direct messages are closed"):
            await tool.send(action(reference_id=None), SIGNAL)

    async def test_a_guild_we_are_no_longer_in_has_no_owner(
        self, owner: tuple[DiscordResponderTool, FakeRest]
    ) -> None:
        with pytest.raises(TargetGoneError):
            await owner[0].send(action(guild_id=5), SIGNAL)


def ours(number: int, text: str = "What did you try?", reply_to: int | None = MESSAGE) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if reply_to is not None:
        values = {"type": 19, "message_reference": {"message_id": str(reply_to), "channel_id": str(CHANNEL)}}
    return message(number, text, author=user(BOT, "lookout", bot=True), **values)


class TestFinding:
    @pytest.mark.parametrize(
        ("history", "values", "found"),
        [
            ([ours(3)], {}, 3),
            ([ours(3, "edited since")], {}, 3),
            ([ours(3, reply_to=5)], {}, None),
            ([message(3, "What did you try?")], {}, None),
            ([ours(3, reply_to=None)], {"reference_id": None}, 3),
            ([ours(3, "something else", reply_to=None)], {"reference_id": None}, None),
            ([ours(3, "the second part", reply_to=None)], {"part": 1, "content": "the second part"}, 3),
            ([], {}, None),
        ],
        ids=["reply", "edited reply", "reply to another", "a member's", "same text", "other text",
             "second part", "nothing"],
    )  # fmt: skip
    async def test_only_what_the_action_posted(
        self,
        tool: DiscordResponderTool,
        rest: FakeRest,
        history: list[dict[str, Any]],
        values: dict[str, Any],
        found: int | None,
    ) -> None:
        rest.answers[HISTORY] = history
        result = await tool.find(action(**values), SIGNAL)
        assert result == (None if found is None else MESSAGE + found)

    async def test_looks_after_the_message_it_answers(
        self, tool: DiscordResponderTool, rest: FakeRest
    ) -> None:
        rest.answers[HISTORY] = []
        await tool.find(action(), SIGNAL)
        begin = snowflake_at(CREATED - timedelta(minutes=5))
        assert rest.requests[0][2]["after"] == max(begin, MESSAGE)

    @pytest.mark.parametrize(
        ("answer", "raised"),
        [
            (error(403, 50_001), NotPermittedError),
            (error(404, 10_003), TargetGoneError),
            (error(503), UnreachableError),
            (ConnectionResetError(), UnreachableError),
        ],
        ids=["forbidden", "gone", "failing", "reset"],
    )
    async def test_what_can_not_be_found_out_is_told(
        self, tool: DiscordResponderTool, rest: FakeRest, answer: Exception, raised: type[ToolError]
    ) -> None:
        rest.answers[HISTORY] = answer
        with pytest.raises(raised):
            await tool.find(action(), SIGNAL)
