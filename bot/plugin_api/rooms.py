"""The rooms of a plugin's context: its log, store, messages, members, requests and models."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from bot.plugin_api.calls import Content
from bot.plugin_api.manifest import Permission
from bot.plugin_api.parts import (
    Alike,
    Button,
    Card,
    File,
    Level,
    Material,
    MemberSeen,
    Response,
    SeenMessage,
)
from bot.plugin_api.ports import Host

ModelT = TypeVar("ModelT", bound=BaseModel)
Require = Callable[[Permission], None]
MAX_TIME_OUT = 28 * 86_400  # seconds, as Discord allows
MAX_ATTACHMENT = 1_000_000  # bytes
MAX_COMPARED = 1_000  # texts


class Log:
    """Lines in the bot's log, under the plugin's name."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def info(self, text: str) -> None:
        """Write a line."""
        self._host.log("INFO", text)

    def warning(self, text: str) -> None:
        """Write a line about something that is not right."""
        self._host.log("WARNING", text)

    def debug(self, text: str) -> None:
        """Write a line that is only shown with log.level DEBUG."""
        self._host.log("DEBUG", text)


class _Room:
    def __init__(self, host: Host, require: Require) -> None:
        self._host = host
        self._require = require

    def _check(self, permission: Permission, guild_id: int) -> None:
        self._require(permission)
        self._host.check_enabled(guild_id)


class Store(_Room):
    """JSON values under keys, in a server; with `user_id` they are that member's and go when they are erased.

    Every method raises `LimitError` beyond 64 KB a value, 128 characters a key, or 10,000 values in a server.
    """

    async def get(self, guild_id: int, key: str, *, user_id: int = 0) -> Any:
        """Return a value, None for none."""
        self._check(Permission.STORAGE, guild_id)
        return await self._host.get(guild_id, user_id, key)

    async def put(self, guild_id: int, key: str, value: Any, *, user_id: int = 0) -> None:
        """Keep a value in place of what was there."""
        self._check(Permission.STORAGE, guild_id)
        await self._host.put(guild_id, user_id, key, value)

    async def add(self, guild_id: int, key: str, value: Any, *, user_id: int = 0) -> bool:
        """Keep a value unless there is one; return whether there was none: True for one of many at once."""
        self._check(Permission.STORAGE, guild_id)
        return await self._host.add(guild_id, user_id, key, value)

    async def delete(self, guild_id: int, key: str, *, user_id: int = 0) -> bool:
        """Delete a value; return whether there was one."""
        self._check(Permission.STORAGE, guild_id)
        return await self._host.forget(guild_id, user_id, key)

    async def entries(
        self, guild_id: int, prefix: str = "", *, user_id: int | None = None, limit: int = 1_000
    ) -> list[tuple[int, str, Any]]:
        """Return (user id or 0, key, value) by a prefix of the key, of everybody where no user is named."""
        self._check(Permission.STORAGE, guild_id)
        return await self._host.entries(guild_id, user_id, prefix, limit)

    async def take_turn(
        self, guild_id: int, name: str, *, user_id: int = 0, times: int, seconds: float
    ) -> float:
        """Take one of `times` turns in any `seconds`: return 0, or how many seconds until the next is free.

        Remembered over restarts. `wait = await ctx.store.take_turn(guild, "draw", user_id=me, times=5,
        seconds=3600)`.
        """
        self._check(Permission.STORAGE, guild_id)
        return await self._host.take_turn(guild_id, user_id, name, times, seconds)

    async def give_back_turn(self, guild_id: int, name: str, *, user_id: int = 0) -> None:
        """Give back the turn that was taken last, for what it was taken for didn't come about."""
        self._check(Permission.STORAGE, guild_id)
        await self._host.give_back_turn(guild_id, user_id, name)


class Files(_Room):
    """Files of up to 10 MB, by name, in a server; with `user_id` they go when that member is erased.

    A name has small letters, digits, - and _, and an ending: "cat-1.png".
    """

    async def put(self, guild_id: int, name: str, data: bytes, *, user_id: int = 0) -> None:
        """Keep a file in place of what was there.

        Raises:
            LimitError: it is too large, too much is kept in the server, or it can't have that name.
        """
        self._check(Permission.STORAGE, guild_id)
        await self._host.put_file(guild_id, user_id, name, data)

    async def get(self, guild_id: int, name: str, *, user_id: int = 0) -> bytes | None:
        """Return a file, None for none."""
        self._check(Permission.STORAGE, guild_id)
        return await self._host.get_file(guild_id, user_id, name)

    async def delete(self, guild_id: int, name: str, *, user_id: int = 0) -> None:
        """Delete a file; one that isn't there is no error."""
        self._check(Permission.STORAGE, guild_id)
        await self._host.delete_file(guild_id, user_id, name)


class Messages(_Room):
    """What the plugin says. Mentions ring nobody; secrets and hidden reasoning are taken out."""

    async def post(  # noqa: PLR0913  (a message has many parts)
        self,
        guild_id: int,
        channel_id: int,
        text: str = "",
        *,
        card: Card | None = None,
        buttons: Sequence[Button] = (),
        files: Sequence[File] = (),
        reply_to: int | None = None,
    ) -> int:
        """Post in a channel or thread of the server; return the message's id.

        Raises:
            LimitError: too many a minute, or too long.
            DiscordError: it could not be posted.
        """
        self._check(Permission.SEND_MESSAGES, guild_id)
        return await self._host.post(guild_id, channel_id, Content(text, card, buttons, files), reply_to)

    async def edit(
        self,
        guild_id: int,
        channel_id: int,
        message_id: int,
        text: str = "",
        *,
        card: Card | None = None,
        buttons: Sequence[Button] = (),
    ) -> None:
        """Change a message of the bot to exactly this.

        Raises:
            DiscordError: it could not be changed.
        """
        self._check(Permission.SEND_MESSAGES, guild_id)
        await self._host.edit(guild_id, channel_id, message_id, Content(text, card, buttons))

    async def direct(
        self,
        guild_id: int,
        user_id: int,
        text: str = "",
        *,
        card: Card | None = None,
        buttons: Sequence[Button] = (),
        files: Sequence[File] = (),
    ) -> int:
        """Write to a member of the server directly; return the message's id. Buttons don't work there.

        Raises:
            LimitError: too many a minute, or too long.
            DiscordError: they take none from the bot, or are no member.
        """
        self._check(Permission.SEND_MESSAGES, guild_id)
        return await self._host.direct(guild_id, user_id, Content(text, card, buttons, files))

    async def thread(
        self,
        guild_id: int,
        channel_id: int,
        name: str,
        *,
        message_id: int | None = None,
        private: bool = False,
    ) -> int:
        """Open a thread in a channel, at a message where one is named; return its id.

        Raises:
            DiscordError: it could not be opened.
        """
        self._check(Permission.SEND_MESSAGES, guild_id)
        return await self._host.thread(guild_id, channel_id, name, message_id, private=private)

    async def read(self, guild_id: int, channel_id: int, message_id: int) -> SeenMessage | None:
        """Return a message as it is now, None where it is gone. Needs `messages.read`.

        Raises:
            DiscordError: it can't be read.
        """
        self._check(Permission.READ_MESSAGES, guild_id)
        return await self._host.desk.read(guild_id, channel_id, message_id)

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete a message of the bot; one that is gone already is no error.

        Raises:
            DiscordError: it is not the bot's, or could not be deleted.
        """
        self._check(Permission.SEND_MESSAGES, guild_id)
        await self._host.desk.take_back(guild_id, channel_id, message_id)

    async def attachment_text(
        self, guild_id: int, channel_id: int, message_id: int, name: str, *, max_bytes: int = 100_000
    ) -> str | None:
        """Return the text of a message's file, secrets redacted. Needs `messages.read`.

        None where it is gone, larger, or no text in UTF-8 or UTF-16.

        Raises:
            DiscordError: it can't be read.
        """
        self._check(Permission.READ_MESSAGES, guild_id)
        if not 0 < max_bytes <= MAX_ATTACHMENT:
            raise ValueError(f"attachments are read up to {MAX_ATTACHMENT:,} bytes")
        return await self._host.attachment_text(guild_id, channel_id, message_id, name, max_bytes)


class Members(_Room):
    """Who somebody is, and moderation."""

    async def level(self, guild_id: int, user_id: int) -> Level:
        """Return what a member may do. Needs `members.read`.

        Raises:
            DiscordError: they are no member, or Discord doesn't tell.
        """
        self._check(Permission.READ_MEMBERS, guild_id)
        return await self._host.desk.level(guild_id, user_id)

    async def get(self, guild_id: int, user_id: int) -> MemberSeen:
        """Return what a member may do, and their roles. Needs `members.read`.

        Raises:
            GoneError: they are no member.
            DiscordError: Discord doesn't tell.
        """
        self._check(Permission.READ_MEMBERS, guild_id)
        return await self._host.member(guild_id, user_id)

    async def delete_message(self, guild_id: int, channel_id: int, message_id: int, reason: str) -> None:
        """Delete anybody's message; one that is gone already is no error. Needs `members.moderate`.

        Raises:
            DiscordError: the bot may not.
        """
        self._check(Permission.MODERATE_MEMBERS, guild_id)
        await self._host.desk.delete(guild_id, channel_id, message_id, reason)

    async def time_out(self, guild_id: int, user_id: int, seconds: float, reason: str) -> None:
        """Have a member write nothing for a while, 28 days at most; 0 ends it. Needs `members.moderate`.

        Staff and bots are never timed out.

        Raises:
            DiscordError: the bot may not, or it is staff or a bot.
            ValueError: too long.
        """
        self._check(Permission.MODERATE_MEMBERS, guild_id)
        if not 0 <= seconds <= MAX_TIME_OUT:
            raise ValueError(f"a time-out takes 0 to {MAX_TIME_OUT:,} seconds")
        await self._host.desk.time_out(guild_id, user_id, seconds, reason)


class Http(_Room):
    """Requests to the hosts that the manifest names: https alone, no private addresses, redirects checked."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        seconds: float | None = None,
    ) -> Response:
        """Ask, and return the answer, whatever its status.

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            url: of a host in `http_hosts`.
            headers: sent along; not to another host that it redirects to.
            json: the body.
            seconds: for all of it, 30 where none is given; no more than the owner's setting.

        Raises:
            FetchError: the address is not allowed, there was no answer in time, or it is too large.
        """
        self._require(Permission.HTTP)
        return await self._host.request(method, url, headers or {}, json, seconds)


class Texts(_Room):
    """The bot's own judgement of texts, with no language model."""

    async def alike(self, text: str, others: Sequence[str]) -> list[Alike]:
        """Return which of up to 1,000 other texts ask for the same kind of thing, most alike first.

        By the bot's encoder, else by words: no words in common, nothing in common.
        """
        self._require(Permission.JUDGE_TEXTS)
        if len(others) > MAX_COMPARED:
            raise ValueError(f"at most {MAX_COMPARED:,} texts are compared at a time, not {len(others):,}")
        return await self._host.alike(text, others)

    async def toxicity(self, text: str) -> float:
        """Return how likely a text attacks somebody, from 0 to 1, as `MessageObserved.toxicity`."""
        self._require(Permission.JUDGE_TEXTS)
        return await self._host.toxicity(text)


class Llm(_Room):
    """The owner's language models, by the owner's budget and the bot's rules for what leaves it."""

    async def complete(
        self, guild_id: int, instructions: str, material: Sequence[Material] = (), *, max_tokens: int = 600
    ) -> str | None:
        """Return what a model writes, None where none answers or its answer may not be shown.

        Args:
            guild_id: for whom; its budget pays.
            instructions: what to do, by the plugin: never what members wrote.
            material: what members wrote.
            max_tokens: of the answer.
        """
        self._check(Permission.LLM_COMPLETE, guild_id)
        return await self._host.complete(guild_id, instructions, material, max_tokens)

    async def fill(
        self, guild_id: int, model: type[ModelT], instructions: str, material: Sequence[Material] = ()
    ) -> ModelT | None:
        """Return what a model writes as a pydantic model, None as in `complete`."""
        self._check(Permission.LLM_COMPLETE, guild_id)
        return await self._host.fill(guild_id, model, instructions, material)
