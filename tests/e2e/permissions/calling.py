"""Uses anything as any caller, as Discord would tell the bot of it, and reads what became of it.

What a client or Discord itself would hide or refuse is told to the bot all the same.
"""

import re
from dataclasses import dataclass
from typing import Any

from bot.texts import catalogue
from sandbox.actions import interactions as act
from sandbox.actions import messages
from sandbox.actions.mentions import numbered
from sandbox.handles import DEFERRED, Channel, Member, Message
from sandbox.ops import commands
from sandbox.ops.components import BUTTON, STRING_SELECT, TEXT_INPUT
from sandbox.record import Entry
from sandbox.world import Interaction
from tests.e2e.permissions.callers import People
from tests.e2e.permissions.table import refused_elsewhere, unknown

Json = dict[str, Any]
SECONDS = 10.0  # for an answer, on a busy machine
LATER = 6  # the callback of a press whose answer comes later
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
    patterns = [re.sub(r"\\\{\w+\\\}", ".*", re.escape(each)) for each in told]
    return tuple(re.compile(each) for each in (*patterns, *unknown()))


REFUSALS = _refusals()


@dataclass(frozen=True)
class Told:
    """What a caller was told; `form` is the form they were shown."""

    words: str
    form: Json | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether they may not."""
        return any(each.fullmatch(self.words) for each in REFUSALS)

    @property
    def is_failure(self) -> bool:
        """Whether something broke, or nothing was answered."""
        return not self.words or self.words.startswith(BROKEN)


async def use(people: People, place: tuple[Member, Channel], command: str, given: Json) -> Told:
    """Run a slash command; options it needs that aren't given get some value that fits."""
    core = people.discord.core
    where, who = core.world.channels[place[1].id], core.world.users[place[0].id]
    # In direct messages there is nothing to choose from: what is chosen is of the server.
    home = core.world.channels[people.home.chat.id]
    seen = where if where.guild_id is not None else home
    app, stored, path = commands.find(core, command, home)
    options = _options(people, stored, path, seen.guild_id == people.home.guild.id) | given
    data = commands.data_for(core, stored, path, (seen, who), options)
    return await _told(people, act.start(core, app, act.COMMAND, (where, who), data))


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


async def choose(people: People, place: tuple[Member, Channel], name: str, target: int) -> Told:
    """Use a context menu on a message, or on a member."""
    core = people.discord.core
    where, who = core.world.channels[place[1].id], core.world.users[place[0].id]
    message = core.world.channels[people.home.chat.id].messages.get(target)
    kind = commands.USER_MENU if message is None else commands.MESSAGE_MENU
    app, stored, _ = commands.find(core, name, core.world.channels[people.home.chat.id], None, (kind,))
    resolved = (
        commands.resolved_user(core, where, target)
        if message is None
        else {"messages": {str(target): messages.event_payload(core, message)}}
    )
    data = {"id": stored["id"], "name": name, "type": kind, "target_id": str(target), "resolved": resolved}
    if "guild_id" in stored:
        data["guild_id"] = stored["guild_id"]
    return await _told(people, act.start(core, app, act.COMMAND, (where, who), data))


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
    core, (member, channel) = people.discord.core, people.places[caller]
    where, who = core.world.channels[channel.id], core.world.users[member.id]
    kind = STRING_SELECT if values is not None else BUTTON
    found = message or people.boards[caller]
    stored = core.world.channels[found.channel_id].messages[found.id]
    if message is None:
        part: Json = {"type": kind, "custom_id": custom_id}
        part |= {"style": 1, "label": "x"} if values is None else {"options": [{"label": "x", "value": "x"}]}
        stored.components = numbered([{"type": 1, "components": [part]}])
    data: Json = {"component_type": kind, "custom_id": custom_id, "id": 2}
    if values is not None:
        data["values"] = values
    return await _told(people, act.start(core, people.discord.app, act.COMPONENT, (where, who), data, stored))


async def send(people: People, caller: str, custom_id: str, written: Json) -> Told:
    """Send a form that may never have been shown."""
    core, (member, channel) = people.discord.core, people.places[caller]
    where, who = core.world.channels[channel.id], core.world.users[member.id]
    fields = [
        {"type": 18, "id": number, "component": {"id": 20 + number} | _field(name, value)}
        for number, (name, value) in enumerate(written.items(), 1)
    ]
    data = {"custom_id": custom_id, "components": fields}
    board = people.boards[caller]  # a button there might have shown it
    stored = core.world.channels[board.channel_id].messages[board.id]
    return await _told(people, act.start(core, people.discord.app, act.MODAL, (where, who), data, stored))


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
    channel = people.discord.core.world.channel(item.channel_id)
    later = item.callback == LATER and item.followups  # what was pressed stays as it is
    ids = item.followups if later else [item.original_id, *item.followups]
    shown = [channel.messages[each] for each in ids if each in channel.messages]
    words = [f"{each.content}{each.embeds or ''}{'(file)' if each.attachments else ''}" for each in shown]
    return Told("\n".join(words) or f"callback {item.callback}", item.modal)


def _is_reply(entry: Entry, item: Interaction) -> bool:
    return bool(entry["kind"] == "interaction_reply" and entry["interaction_id"] == item.id)


def _is_later(entry: Entry, item: Interaction) -> bool:
    if entry["kind"] == "message" and entry.get("via") == "followup":
        return bool(entry.get("interaction_id") == item.id)
    if item.message is None or entry["kind"] not in ("message_edit", "message_delete"):
        return False
    return bool(entry["message_id"] == item.message.id)
