"""What a test holds in its hand: members, channels, messages and answers."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from sandbox.errors import InteractionFailedError
from sandbox.record import PATIENCE, Entry, Predicate

Json = dict[str, Any]
DEFERRED = 5
Attachment = tuple[str, bytes]


class Caller(Protocol):
    """A way to reach a sandbox: in this process or over its control API."""

    @property
    def interaction_deadline(self) -> float:
        """Seconds an application has to acknowledge an interaction."""
        ...

    async def call(self, op: str, /, **args: Any) -> Any:
        """Perform an operation."""
        ...

    async def wait_for(self, predicate: Predicate, timeout: float = PATIENCE, after: int = 0) -> Entry:  # noqa: ASYNC109
        """Return the first entry of the record newer than `after` that satisfies the predicate."""
        ...


def ref(thing: Any) -> Any:
    """Return what an operation takes for a thing: its id, or the name or id itself."""
    return thing.id if hasattr(thing, "id") else thing


def packed(attachments: Sequence[Attachment]) -> list[Json]:
    """Return (filename, bytes) pairs as JSON."""
    return [{"filename": name, "content_b64": base64.b64encode(data).decode()} for name, data in attachments]


def option_value(value: Any) -> Any:
    """Return what an operation takes for a command's option: an id, a file as JSON, or the value itself."""
    if isinstance(value, tuple):
        return packed([value])[0]
    return ref(value)


@dataclass(frozen=True)
class Place:
    """A guild, role or channel by id."""

    id: int
    name: str
    caller: Caller = field(repr=False, compare=False)
    json: Json = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def of(cls, caller: Caller, body: Json) -> Self:
        """Return the handle of an object an operation answered with."""
        return cls(int(body["id"]), body.get("name", ""), caller, body)


class Guild(Place):
    """A guild."""


class Role(Place):
    """A role."""


class Channel(Place):
    """A channel, thread, forum or DM."""

    async def history(self) -> list["Message"]:
        """Return the sandbox's own truth of the channel, oldest first."""
        return [Message(self.caller, body) for body in await self.caller.call("history", channel=self.id)]

    async def edit(self, *, by: Any = None, **changes: Any) -> None:
        """Change name, topic, archived, locked, slowmode; `by` is checked to be allowed to."""
        await self.caller.call("edit_channel", channel=self.id, changes=changes, by=ref(by))

    async def set_overwrites(self, overwrites: "Overwrites") -> None:
        """Replace the permission overwrites."""
        await self.caller.call("set_overwrites", channel=self.id, overwrites=overwrites_json(overwrites))

    async def delete(self) -> None:
        """Delete the channel."""
        await self.caller.call("delete_channel", channel=self.id)


Overwrites = Mapping[Any, Mapping[str, Sequence[str]]]


def overwrites_json(overwrites: Overwrites | None) -> list[Json]:
    """Return {target: {"allow": [...], "deny": [...]}} as the operations take it."""
    return [
        {"target": ref(target), "allow": list(rule.get("allow", ())), "deny": list(rule.get("deny", ()))}
        for target, rule in (overwrites or {}).items()
    ]


class Message:
    """A message as it was when it was fetched; `json` is the payload."""

    def __init__(self, caller: Caller, body: Json) -> None:
        self.caller = caller
        self.json = body
        self.id = int(body["id"])
        self.channel_id = int(body["channel_id"])
        self.author_id = int(body["author"]["id"])
        self.content: str = body["content"]
        self.embeds: list[Json] = body["embeds"]
        self.components: list[Json] = body["components"]
        reference = body.get("message_reference") or {}
        self.reference_id = int(reference["message_id"]) if "message_id" in reference else None
        self.nonce = body.get("nonce")
        self.ephemeral = body.get("ephemeral_for") is not None

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.content!r}>"

    async def fetch(self) -> "Message":
        """Return the message as it is now."""
        return Message(self.caller, await self.caller.call("message", message=self.id))

    async def edit(self, content: str) -> "Message":
        """Edit it as its author."""
        return Message(self.caller, await self.caller.call("edit", message=self.id, content=content))

    async def delete(self) -> None:
        """Delete it."""
        await self.caller.call("delete", message=self.id)


class Answer:
    """How an application answered an interaction."""

    def __init__(self, member: "Member", body: Json) -> None:
        self._member = member
        self.json = body
        self.interaction_id: int = body["id"]
        self.callback: int | None = body["callback"]
        self.ephemeral: bool = body["ephemeral"]
        self.message = Message(member.caller, body["message"]) if body["message"] else None
        self.modal: Modal | None = Modal(self.interaction_id, body["modal"]) if body["modal"] else None
        self.choices: list[Json] = body["choices"] or []
        self.followups = [Message(member.caller, item) for item in body["followups"]]

    @property
    def content(self) -> str:
        """The text of the first answer, "" without one."""
        return self.message.content if self.message else ""

    async def refresh(self) -> "Answer":
        """Return the answer as it is now."""
        return Answer(
            self._member, await self._member.caller.call("interaction", interaction=self.interaction_id)
        )

    async def followup(self, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109
        """Wait for a followup and return the newest."""
        await self._member.caller.wait_for(
            lambda e: (
                e["kind"] == "message"
                and e.get("interaction_id") == self.interaction_id
                and e.get("via") == "followup"
            ),
            timeout,
        )
        return (await self.refresh()).followups[-1]


@dataclass(frozen=True)
class Modal:
    """A form an application opened."""

    interaction_id: int
    json: Json

    @property
    def title(self) -> str:
        """What is written over it."""
        return str(self.json["title"])


@dataclass(frozen=True)
class Member:
    """A person (or bot) in a guild, and what they can do."""

    id: int
    name: str
    guild_id: int
    caller: Caller = field(repr=False, compare=False)

    @property
    def mention(self) -> str:
        """The text that mentions them."""
        return f"<@{self.id}>"

    async def say(
        self,
        content: str,
        channel: Any,
        *,
        reply_to: Any = None,
        attachments: Sequence[Attachment] = (),
        ts: datetime | str | float | None = None,
        **more: Any,
    ) -> Message:
        """Post a message; `ts` dates it in the past, more: embeds, allowed_mentions, nonce, webhook (a name).

        Raises:
            ApiError: they may not.
        """
        when = ts.isoformat() if isinstance(ts, datetime) else ts
        args: Json = {"guild": self.guild_id, **more}
        if reply_to is not None:
            args["reply_to"] = ref(reply_to)
        if attachments:
            args["attachments"] = packed(attachments)
        if when is not None:
            args["ts"] = when
        body = await self.caller.call("say", author=self.id, content=content, channel=ref(channel), **args)
        return Message(self.caller, body)

    async def edit(self, message: Any, content: str) -> Message:
        """Edit a message."""
        return Message(self.caller, await self.caller.call("edit", message=ref(message), content=content))

    async def delete(self, message: Any) -> None:
        """Delete a message."""
        await self.caller.call("delete", message=ref(message), by=self.id)

    async def react(self, message: Any, emoji: str, *, add: bool = True) -> None:
        """React, or take it back."""
        await self.caller.call("react", user=self.id, message=ref(message), emoji=emoji, add=add)

    async def pin(self, message: Any, *, add: bool = True) -> None:
        """Pin a message, or take the pin out."""
        await self.caller.call("pin", message=ref(message), by=self.id, add=add)

    async def type(self, channel: Any) -> None:
        """Show that they type."""
        await self.caller.call("typing", user=self.id, channel=ref(channel))

    async def start_thread(
        self, message: Any, name: str, *, channel: Any = None, private: bool = False
    ) -> Channel:
        """Start a thread from a message, or (message None) in a channel."""
        body = await self.caller.call(
            "start_thread",
            user=self.id,
            name=name,
            message=ref(message),
            channel=ref(channel),
            private=private,
        )
        return Channel.of(self.caller, body)

    async def open_post(
        self, forum: Any, title: str, text: str, files: Sequence[Attachment] = (), *, tags: Sequence[str] = ()
    ) -> tuple[Channel, Message]:
        """Open a forum post, `tags` by their ids; return its thread and first message."""
        args: Json = {"forum": ref(forum), "title": title, "content": text, "tags": list(tags)}
        body = await self.caller.call("open_post", user=self.id, attachments=packed(files), **args)
        return Channel.of(self.caller, body["thread"]), Message(self.caller, body["message"])

    async def join_thread(self, thread: Any, *, join: bool = True) -> None:
        """Join a thread, or leave it."""
        await self.caller.call("join_thread", user=self.id, thread=ref(thread), join=join)

    async def dm(self) -> Channel:
        """Return their DM channel with the bot."""
        return Channel.of(self.caller, await self.caller.call("dm", user=self.id))

    async def sees(self, channel: Any) -> list[Message]:
        """Return what they see, oldest first: their ephemeral messages too, none of a hidden channel."""
        found = await self.caller.call("sees", user=self.id, channel=ref(channel))
        return [Message(self.caller, body) for body in found]

    async def slash(
        self,
        command: str,
        *,
        channel: Any,
        options: Json | None = None,
        timeout: float = PATIENCE,  # noqa: ASYNC109 - a deadline for the whole answer
        **more: Any,
    ) -> Answer:
        """Run a slash command in `channel` and return the answer.

        An option called "channel", "options" or "timeout" goes into `options`; all others may be keywords.
        A file is (name, bytes).

        Raises:
            InteractionFailedError: the application did not respond.
            OperationError: no such command, or its options are wrong.
        """
        given = {name: option_value(value) for name, value in {**(options or {}), **more}.items()}
        body = await self.caller.call(
            "slash", user=self.id, command=command, channel=ref(channel), options=given
        )
        return await self._answered(body, timeout)

    async def autocomplete(
        self, command: str, option: str, value: str = "", *, channel: Any, options: Json | None = None
    ) -> list[Json]:
        """Type into an option of a command; return the choices offered."""
        body = await self.caller.call(
            "autocomplete",
            user=self.id,
            command=command,
            channel=ref(channel),
            focused=option,
            value=value,
            options={name: option_value(item) for name, item in (options or {}).items()},
        )
        return (await self._answered(body, PATIENCE)).choices

    async def menu(self, command: str, target: Any, *, channel: Any = None) -> Answer:
        """Use a context menu command on a message or member."""
        args = {"user": self.id, "command": command, "target": ref(target), "channel": ref(channel)}
        return await self._answered(await self.caller.call("menu", **args), PATIENCE)

    async def click(self, message: Any, label: str, *, timeout: float = PATIENCE) -> Answer:  # noqa: ASYNC109
        """Press a button by its label, emoji or custom id."""
        body = await self.caller.call("click", user=self.id, message=ref(message), label=label)
        return await self._answered(body, timeout)

    async def choose(self, message: Any, select: str, values: Sequence[Any]) -> Answer:
        """Choose values in a select, found by placeholder or custom id."""
        chosen = [ref(value) for value in values]
        body = await self.caller.call(
            "choose", user=self.id, message=ref(message), select=select, values=chosen
        )
        return await self._answered(body, PATIENCE)

    async def submit(self, modal: Modal | Answer, values: Json, *, timeout: float = PATIENCE) -> Answer:  # noqa: ASYNC109
        """Fill in a form, fields by label or custom id, and submit it."""
        given = {name: ref(value) for name, value in values.items()}
        body = await self.caller.call("submit", user=self.id, interaction=modal.interaction_id, values=given)
        return await self._answered(body, timeout)

    async def forge(self, data: Json, *, channel: Any, kind: int = 2) -> Answer:
        """Start an interaction no client would: its `data` as given, unchecked."""
        args = {"user": self.id, "channel": ref(channel), "data": data, "kind": kind}
        return await self._answered(await self.caller.call("forge", **args), PATIENCE)

    async def _answered(self, started: Json, timeout: float) -> Answer:  # noqa: ASYNC109
        """Wait for the first answer, and for a deferred one to be filled."""
        item = started["interaction_id"]
        try:
            reply = await self.caller.wait_for(
                lambda e: e["kind"] == "interaction_reply" and e["interaction_id"] == item,
                self.caller.interaction_deadline + 0.5,
            )
        except TimeoutError:
            raise InteractionFailedError("The application did not respond") from None
        if reply["callback"] == DEFERRED:
            made = reply["message_id"]
            await self.caller.wait_for(
                lambda e: e["kind"] in ("message_edit", "message_delete") and e["message_id"] == made, timeout
            )
        return Answer(self, await self.caller.call("interaction", interaction=item))
