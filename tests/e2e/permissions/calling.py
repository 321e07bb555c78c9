"""Uses anything as any caller, as Discord would tell the bot of it, and reads what became of it.

What a client or Discord itself would hide or refuse is told to the bot all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.texts import catalogue
from sandbox.actions import interactions as act
from sandbox.actions import messages
from sandbox.ops import commands, components
from sandbox.ops.components import BUTTON, STRING_SELECT, TEXT_INPUT
from sandbox.record import Entry
from sandbox.world import Channel, Interaction, Message, User
from tests.e2e.permissions.callers import People
from tests.e2e.permissions.table import refused_by_plugins, refused_elsewhere, unknown

Json = dict[str, Any]
Given = Mapping[str, Any]
SECONDS = 10.0  # for an answer, on a busy machine
DEFERRED, LATER, CHOICES = 5, 6, 8  # callbacks: the answer comes later, or is what an option offers
BROKEN = (  # neither yes nor no
    catalogue("en")["errors.apology"].partition("{")[0],
    "Too often.",
    "I can't see ",
)
SAMPLE: Json = {"filename": "sample.csv", "content_b64": "cXVlc3Rpb24sYW5zd2VyCldoeT8sU28uCg=="}


def _refusals() -> tuple[re.Pattern[str], ...]:
    told = [
        words for key, words in catalogue("en").items()
        if key.startswith("checks.") or key in refused_elsewhere()
    ]  # fmt: skip
    told += refused_by_plugins()
    return tuple(re.compile(re.sub(r"\\\{\w+\\\}", ".*", re.escape(each))) for each in told)


REFUSALS = _refusals()
UNKNOWN = tuple(re.compile(each) for each in unknown())


@dataclass(frozen=True)
class Told:
    """What a caller was told.

    Attributes:
        form: the form they were shown.
        message: the last message of the answer.
        is_refusal: whether they may not.
    """

    words: str
    form: Json | None = None
    message: Message | None = field(default=None, compare=False)
    is_refusal: bool = False

    @property
    def is_unknown(self) -> bool:
        """Whether it doesn't exist, as far as they are told."""
        return any(each.fullmatch(self.words) for each in UNKNOWN)

    @property
    def is_failure(self) -> bool:
        """Whether something broke, or nothing was answered."""
        return not self.words or self.words.startswith(BROKEN)


async def use(people: People, caller: str, command: str, given: Given) -> Told:
    """Run a slash command; options it needs that aren't given get some value that fits."""
    core, place = people.discord.core, people.place(caller)
    app, stored, path, options = _command(people, caller, command, given)
    data = commands.data_for(core, stored, path, _seen(people, place), options)
    return await _told(people, act.start(core, app, act.COMMAND, place, data))


async def type_into(people: People, caller: str, command: str, option: str, given: Given) -> Told:
    """Begin to type into an option that suggests something; told are the choices."""
    core, place = people.discord.core, people.place(caller)
    app, stored, path, options = _command(people, caller, command, given)
    typed = options | {option: str(given.get(option, ""))}
    data = commands.data_for(core, stored, path, _seen(people, place), typed, focused=option)
    return await _told(people, act.start(core, app, act.AUTOCOMPLETE, place, data))


def _seen(people: People, place: tuple[Channel, User]) -> tuple[Channel, User]:
    """Return where options are looked up: in direct messages there is nothing, so they are of the server."""
    home = people.discord.core.world.channels[people.home.chat.id]
    return (place[0] if place[0].guild_id is not None else home), place[1]


def _command(people: People, caller: str, command: str, given: Given) -> tuple[Any, Json, list[str], Json]:
    core = people.discord.core
    home = core.world.channels[people.home.chat.id]
    app, stored, path = commands.find(core, command, home)
    where, _ = _seen(people, people.place(caller))
    return (
        app,
        stored,
        path,
        _options(people, stored, path, where.guild_id == people.home.guild.id) | dict(given),
    )


def _options(people: People, stored: Json, path: list[str], is_here: bool) -> Json:
    """Return a value that fits for each option that must be given."""
    node = stored
    for word in path:
        [node] = [each for each in node["options"] if each["name"] == word]
    home = people.home if is_here else people.other
    some = {
        commands.STRING: "nothing", commands.INTEGER: 1, commands.NUMBER: 0.5, commands.BOOLEAN: True,
        commands.USER: home.alice.id, commands.CHANNEL: home.chat.id, commands.ROLE: home.guild.id,
        commands.MENTIONABLE: home.alice.id, commands.ATTACHMENT: SAMPLE,
    }  # fmt: skip
    needed = [each for each in node.get("options") or () if each.get("required")]
    return {
        each["name"]: each["choices"][0]["value"] if each.get("choices") else some[each["type"]]
        for each in needed
    }


async def choose(people: People, caller: str, name: str, target: int) -> Told:
    """Use a context menu on a message, or on a member."""
    core, place = people.discord.core, people.place(caller)
    message = core.world.channels[people.home.chat.id].messages.get(target)
    kind = commands.USER_MENU if message is None else commands.MESSAGE_MENU
    app, stored, _ = commands.find(core, name, core.world.channels[people.home.chat.id], None, (kind,))
    resolved = (
        commands.resolved_user(core, place[0], target)
        if message is None
        else {"messages": {str(target): messages.event_payload(core, message)}}
    )
    data = {"id": stored["id"], "name": name, "type": kind, "target_id": str(target), "resolved": resolved}
    if "guild_id" in stored:
        data["guild_id"] = stored["guild_id"]
    return await _told(people, act.start(core, app, act.COMMAND, place, data))


async def press(
    people: People,
    caller: str,
    custom_id: str,
    message: Message | None = None,
    *,
    values: list[str] | None = None,
) -> Told:
    """Press a button (or choose `values` in a select) with an id that may be made up.

    Without a `message` it stands under one that the bot has in the caller's place.
    """
    kind = STRING_SELECT if values is not None else BUTTON
    part: Json = {"type": kind, "custom_id": custom_id, "id": 2}
    if message is None:
        part |= {"style": 1, "label": "x"} if values is None else {"options": [{"label": "x", "value": "x"}]}
        message = people.board(caller, part)
    return await press_part(people, caller, message, part, {} if values is None else {"values": values})


async def press_part(people: People, caller: str, message: Message, part: Json, chosen: Json) -> Told:
    """Press a button or choose in a select that a message really has."""
    data = {"component_type": part["type"], "custom_id": part["custom_id"], "id": part["id"], **chosen}
    core, app = people.discord.core, people.discord.app
    return await _told(people, act.start(core, app, act.COMPONENT, people.place(caller), data, message))


def part_of(people: People, caller: str, message: Message, label: str, values: Any) -> tuple[Json, Json]:
    """Return a message's button of a label, also one that is off, or its select and what is chosen in it."""
    if values is None:
        [part] = [each for each in components.walk(message.components) if each.get("label") == label]
        return part, {}
    core, part = people.discord.core, components.select(message.components, label)
    return part, components.chosen(core, part, people.place(caller), values)


async def send(people: People, caller: str, custom_id: str, written: Given) -> Told:
    """Send a form that may never have been shown."""
    fields = [
        {"type": 18, "id": number, "component": {"id": 20 + number} | _field(name, value)}
        for number, (name, value) in enumerate(written.items(), 1)
    ]
    board = people.board(caller)  # a button there might have shown it
    return await send_form(people, caller, {"custom_id": custom_id, "components": fields}, board)


async def send_form(people: People, caller: str, data: Json, message: Message) -> Told:
    """Send a form that a button of a message has shown, perhaps to somebody else."""
    core, app = people.discord.core, people.discord.app
    return await _told(people, act.start(core, app, act.MODAL, people.place(caller), data, message))


def filled(people: People, caller: str, form: Json, written: Given) -> Json:
    """Return a form as it is sent, with its fields filled in by their labels."""
    done = components.filled(people.discord.core, form["components"], people.place(caller), dict(written))
    return {"custom_id": form["custom_id"], **done}


def _field(name: str, value: Any) -> Json:
    if isinstance(value, list):
        return {"type": STRING_SELECT, "custom_id": name, "values": value}
    return {"type": TEXT_INPUT, "custom_id": name, "value": value}


async def _told(people: People, item: Interaction) -> Told:
    """Wait for all of an answer that matters."""
    record, began = people.discord.record, people.discord.record.last
    try:
        reply = await record.wait(lambda each: _is_reply(each, item), SECONDS, began)
        if reply["callback"] == DEFERRED:
            made = reply["message_id"]
            kinds = ("message_edit", "message_delete")
            await record.wait(
                lambda each: each["kind"] in kinds and each["message_id"] == made, SECONDS, began
            )
        elif reply["callback"] == LATER:
            await record.wait(lambda each: _is_later(each, item), SECONDS, began)
    except TimeoutError:
        return Told("")
    if item.callback == CHOICES:
        offered = [f"{each['name']} = {each['value']}" for each in item.choices or ()]
        return Told("\n".join(offered) or "nothing offered", is_refusal=not offered)
    channel = people.discord.core.world.channel(item.channel_id)
    later = item.callback == LATER and item.followups  # what was pressed stays as it is
    ids = item.followups if later else [item.original_id, *item.followups]
    shown = [channel.messages[each] for each in ids if each in channel.messages]
    words = "\n".join(
        f"{each.content}{each.embeds or ''}{'(file)' if each.attachments else ''}" for each in shown
    )
    is_refusal = any(each.fullmatch(words) for each in REFUSALS)
    words = words or f"callback {item.callback}"
    return Told(words, item.modal, shown[-1] if shown else None, is_refusal)


def _is_reply(entry: Entry, item: Interaction) -> bool:
    return bool(entry["kind"] == "interaction_reply" and entry["interaction_id"] == item.id)


def _is_later(entry: Entry, item: Interaction) -> bool:
    if entry["kind"] == "message" and entry.get("via") == "followup":
        return bool(entry.get("interaction_id") == item.id)
    if item.message is None or entry["kind"] not in ("message_edit", "message_delete"):
        return False
    return bool(entry["message_id"] == item.message.id)
