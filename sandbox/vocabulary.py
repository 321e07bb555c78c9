"""The words a test speaks, the same in this process and over the control API."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from sandbox.handles import Channel, Guild, Member, Message, Overwrites, Role, overwrites_json, ref
from sandbox.record import PATIENCE, Entry, Predicate

Json = dict[str, Any]


class Vocabulary(ABC):
    """Everything that can be asked of a sandbox."""

    interaction_deadline = 3.0

    @abstractmethod
    async def call(self, op: str, /, **args: Any) -> Any:
        """Perform an operation by name."""

    @abstractmethod
    async def wait_for(self, predicate: Predicate, timeout: float = PATIENCE, after: int = 0) -> Entry:  # noqa: ASYNC109
        """Return the first entry of the record newer than `after` that satisfies the predicate.

        Raises:
            TimeoutError: none came in time.
        """

    async def guild(
        self,
        name: str,
        *,
        owner: Any = None,
        bots: Sequence[Any] | None = None,
        bot_permissions: Sequence[str | int] | None = None,
    ) -> Guild:
        """Make a guild; the main bot joins it unless `bots` names others."""
        body = await self.call(
            "guild",
            name=name,
            owner=ref(owner),
            bots=None if bots is None else [ref(bot) for bot in bots],
            bot_permissions=None if bot_permissions is None else list(bot_permissions),
        )
        return Guild.of(self, body)

    async def role(
        self, name: str, *, guild: Any = None, permissions: Sequence[str] = (), mentionable: bool = False
    ) -> Role:
        """Make a role."""
        args = {"guild": ref(guild), "permissions": list(permissions), "mentionable": mentionable}
        return Role.of(self, await self.call("role", name=name, **args))

    async def channel(  # noqa: PLR0913 - what a channel can have
        self,
        name: str,
        *,
        guild: Any = None,
        type: str | int = "text",  # noqa: A002 - Discord's word
        overwrites: Overwrites | None = None,
        topic: str | None = None,
        parent: Any = None,
        tags: Sequence[str] = (),
    ) -> Channel:
        """Make a channel of type text, news, forum, voice or category.

        `overwrites` is {role, member, name or "everyone": {"allow": [...], "deny": [...]}}.
        """
        body = await self.call(
            "channel",
            name=name,
            guild=ref(guild),
            type=type,
            overwrites=overwrites_json(overwrites),
            topic=topic,
            parent=ref(parent),
            tags=list(tags),
        )
        return Channel.of(self, body)

    async def member(
        self,
        name: str,
        *,
        roles: Sequence[Any] = (),
        guild: Any = None,
        display: str | None = None,
        bot: bool = False,
    ) -> Member:
        """Let someone join a guild (the first one by default); a known name is the same account."""
        body = await self.call(
            "member",
            name=name,
            guild=ref(guild),
            roles=[ref(role) for role in roles],
            display=display,
            bot=bot,
        )
        return Member(body["id"], body["name"], body["guild_id"], self)

    async def say_many(self, messages: Sequence[Json]) -> list[int]:
        """Post many messages in one go: {author, content, channel, ts, reply_to}; return their ids."""
        plain = [{key: ref(value) for key, value in item.items()} for item in messages]
        made: list[int] = (await self.call("say_many", messages=plain))["ids"]
        return made

    async def message(self, message: Any) -> Message:
        """Return a message as it is now."""
        return Message(self, await self.call("message", message=ref(message)))

    async def application(self, name: str, *, privileged: int | None = None) -> Json:
        """Make another application: {id, name, token, bot_id}; `privileged` are its intent flags."""
        more = {} if privileged is None else {"privileged": privileged}
        made: Json = await self.call("application", name=name, **more)
        return made

    async def invite(
        self, app: Any, *, guild: Any = None, permissions: Sequence[str] | None = None, by: Any = None
    ) -> None:
        """Add an application's bot to a guild."""
        given = None if permissions is None else list(permissions)
        await self.call("invite", app=ref(app), guild=ref(guild), permissions=given, by=ref(by))

    async def commands(self) -> list[Json]:
        """Return the main application's registered commands."""
        found: list[Json] = await self.call("commands")
        return found

    async def state(self) -> Json:
        """Return ids by name."""
        found: Json = await self.call("state")
        return found

    async def set_faults(self, **settings: Any) -> Json:
        """Set fault switches (see `sandbox.faults.Faults`), `rules` and `clear` included."""
        found: Json = await self.call("faults", **settings)
        return found

    async def kick(self, *, resumable: bool = True, code: int | None = None, app: Any = None) -> int:
        """Drop gateway sockets; return how many."""
        dropped: int = (await self.call("kick", resumable=resumable, code=code, app=ref(app)))["dropped"]
        return dropped

    async def reconnect(self) -> None:
        """Ask clients to reconnect (op 7)."""
        await self.call("reconnect")

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Tell clients that their session is invalid (op 9)."""
        await self.call("invalidate", resumable=resumable)

    async def inject(self, event: str, data: Any, *, app: Any = None) -> None:
        """Send arbitrary JSON as a gateway event, past intents and faults."""
        await self.call("inject", event=event, data=data, app=ref(app))

    async def wait_connected(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109
        """Wait until a bot's session is ready or resumed.

        Raises:
            TimeoutError: none came.
        """
        found = await self.call("connected")
        if not found["sessions"]:
            await self.wait_for(
                lambda e: e["kind"] == "connection" and e["event"] in ("ready", "resumed"),
                timeout,
                found["last"],
            )

    async def wait_disconnected(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109
        """Wait until no session has a socket.

        Raises:
            TimeoutError: some bot stays.
        """
        found = await self.call("connected")
        while found["sessions"]:
            await self.wait_for(
                lambda e: e["kind"] == "connection" and e["event"] == "closed", timeout, found["last"]
            )
            found = await self.call("connected")

    async def wait_for_reply(self, *, to: Any, timeout: float = PATIENCE, by: Any = None) -> Message:  # noqa: ASYNC109
        """Return the first bot message that references `to`, waiting for it.

        Raises:
            TimeoutError: none came in time.
        """
        target, author = ref(to), ref(by)

        def fits(entry: Entry) -> bool:
            if entry["kind"] != "message" or entry["reference"] != target:
                return False
            return entry["author_id"] == author if author is not None else bool(entry["bot"])

        entry = await self.wait_for(fits, timeout)
        return await self.message(entry["message_id"])
