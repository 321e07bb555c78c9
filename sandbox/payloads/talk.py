"""Messages, reactions and the interactions behind them as JSON."""

from typing import Any

from sandbox.ids import iso
from sandbox.payloads.people import user
from sandbox.payloads.places import channel
from sandbox.world import Interaction, Message, World

Json = dict[str, Any]


def emoji(key: str) -> Json:
    """Return the partial emoji of a reaction key: the character itself or "name:id"."""
    name, colon, number = key.rpartition(":")
    return {"id": number, "name": name} if colon and number.isdigit() else {"id": None, "name": key}


def reaction(key: str, users: list[int], viewer_id: int | None) -> Json:
    """Return one reaction of a message, with whether the viewer is among those who gave it."""
    return {
        "emoji": emoji(key),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me_burst": False,
        "burst_me": False,
        "burst_count": 0,
        "me": viewer_id in users,
    }


def message(world: World, item: Message, viewer_id: int | None = None, *, nested: bool = False) -> Json:
    """Return a message object; `nested` leaves out what it replies to: Discord shows one level."""
    body: Json = {
        "id": str(item.id),
        "type": item.type,
        "channel_id": str(item.channel_id),
        "author": user(item.author),
        "content": item.content,
        "timestamp": iso(item.timestamp),
        "edited_timestamp": iso(item.edited) if item.edited else None,
        "tts": item.tts,
        "pinned": item.pinned_at is not None,
        "flags": item.flags | (32 if item.thread_id else 0),
        "mention_everyone": item.mention_everyone,
        "mentions": [user(person) for person in item.mentions],
        "mention_roles": [str(role_id) for role_id in item.mention_roles],
        "attachments": item.attachments,
        "embeds": item.embeds,
        "components": item.components,
    }
    if item.reactions:
        body["reactions"] = [reaction(key, users, viewer_id) for key, users in item.reactions.items()]
    if item.reference is not None:
        body["message_reference"] = item.reference
        if not nested and item.type in (19, 21):
            body["referenced_message"] = _referenced(world, item, viewer_id)
    if item.snapshots:
        body["message_snapshots"] = item.snapshots
    if item.webhook_id is not None:
        body["webhook_id"] = str(item.webhook_id)
    if item.application_id is not None:
        body["application_id"] = str(item.application_id)
    if item.interaction is not None:
        body["interaction_metadata"] = interaction_metadata(item.interaction)
        if item.interaction.type == 2:  # noqa: PLR2004
            body["interaction"] = message_interaction(item.interaction)
    thread = world.channels.get(item.thread_id) if item.thread_id else None
    if thread is not None and not nested:
        body["thread"] = channel(thread, viewer_id)
    return body


def _referenced(world: World, item: Message, viewer_id: int | None) -> Json | None:
    """Return the replied-to message, None when it was deleted."""
    reference = item.reference or {}
    place = world.channels.get(int(reference["channel_id"]))
    found = place.messages.get(int(reference["message_id"])) if place else None
    return message(world, found, viewer_id, nested=True) if found else None


def interaction_metadata(item: Interaction) -> Json:
    """Return who started the interaction a message answers."""
    body: Json = {
        "id": str(item.id),
        "type": item.type,
        "user": user(item.user),
        "authorizing_integration_owners": {"0": str(item.guild_id or 0)},
    }
    if item.type == 2:  # noqa: PLR2004
        body |= {"name": _command(item), "command_type": item.data.get("type", 1)}
    if item.type == 3 and item.message is not None:  # noqa: PLR2004
        body["interacted_message_id"] = str(item.message.id)
    if item.type == 5:  # noqa: PLR2004
        body["triggering_interaction_metadata"] = {
            "id": str(item.id),
            "type": 2,
            "user": user(item.user),
            "authorizing_integration_owners": {"0": str(item.guild_id or 0)},
        }
    return body


def message_interaction(item: Interaction) -> Json:
    """Return the older `interaction` object of a command's answer."""
    return {"id": str(item.id), "type": item.type, "name": _command(item), "user": user(item.user)}


def _command(item: Interaction) -> str:
    """Return a command's name with its subcommand group and subcommand.

    Source: docs interactions/receiving-and-responding#message-interaction-object.
    """
    words, options = [item.name], item.data.get("options") or []
    while options and options[0]["type"] in (1, 2):
        words.append(options[0]["name"])
        options = options[0].get("options") or []
    return " ".join(words)


def snapshot(item: Message) -> Json:
    """Return what a forward keeps of a message."""
    return {
        "message": {
            "type": item.type,
            "content": item.content,
            "mentions": [user(person) for person in item.mentions],
            "mention_roles": [str(role_id) for role_id in item.mention_roles],
            "attachments": item.attachments,
            "embeds": item.embeds,
            "timestamp": iso(item.timestamp),
            "edited_timestamp": iso(item.edited) if item.edited else None,
            "flags": item.flags,
            "components": item.components,
        }
    }
