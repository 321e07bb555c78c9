"""The commands there are, told from the tree itself; and those of them that somebody can use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot.core.checks import AnyCommand, may_use
from cogs.help.rules import Rules, allowed

MODULE_PARTS = 2  # "cogs.tickets" of "cogs.tickets.desk"
# Whose topic is told from what they are for, not from where they stand.
BY_NAME = {"errors": "bot", "explain_error": "bot", "maintenance": "bot", "sync": "bot", "reload": "bot"}
TOPICS = (
    *("summaries", "tickets", "statistics", "privacy", "feedback", "training", "incidents", "unanswered"),
    *("admin", "plugins", "other", "bot"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as it is listed.

    Attributes:
        name: with its groups', as people type it.
        description: one line.
        topic: one of `TOPICS`.
        kind: a message's menu, a member's, or a slash command.
        id: of the command that holds it; None while Discord hasn't told.
        options: of a slash command.
    """

    name: str
    description: str
    topic: str
    kind: discord.AppCommandType
    id: int | None
    options: Sequence[app_commands.Parameter] = ()

    @property
    def mention(self) -> str:
        """A link that opens it."""
        return f"</{self.name}:{self.id}>" if self.id is not None else f"`/{self.name}`"


def all_commands(tree: app_commands.CommandTree[Any]) -> list[AnyCommand]:
    """Return everything that can be used, subcommands one by one."""
    found: list[AnyCommand] = [
        each for each in tree.walk_commands() if isinstance(each, app_commands.Command)
    ]
    for kind in (discord.AppCommandType.message, discord.AppCommandType.user):
        found += tree.walk_commands(type=kind)
    return found


async def usable(
    interaction: discord.Interaction[Any], ids: Mapping[tuple[str, int], int], rules: Rules
) -> list[Entry]:
    """Return what the caller can use where they are, by topic and name."""
    entries = []
    for command in all_commands(interaction.client.tree):
        entry = entry_of(command, ids)
        if await may_use(interaction, command, allowed(interaction, rules, entry.id)):
            entries.append(entry)
    return sorted(entries, key=lambda each: (TOPICS.index(each.topic), each.kind.value, each.name.casefold()))


def entry_of(command: AnyCommand, ids: Mapping[tuple[str, int], int]) -> Entry:
    """Return a command as it is listed."""
    if isinstance(command, app_commands.ContextMenu):
        about = (command.callback.__doc__ or "").strip().partition("\n")[0]
        id_ = ids.get((command.name, command.type.value))
        return Entry(command.name, about, _topic(command), command.type, id_)
    root = command.root_parent or command
    kind = discord.AppCommandType.chat_input
    id_ = ids.get((root.name, kind.value))
    name, about = command.qualified_name, command.description
    return Entry(name, about, _topic(command), kind, id_, command.parameters)


def _topic(command: AnyCommand) -> str:
    """Return what a command is about: the cog's package, as everything of a feature is in one."""
    if command.name in BY_NAME:
        return BY_NAME[command.name]
    parts = (command.module or "").split(".")
    if parts[0] == "plugins":
        return "plugins"
    package = parts[1] if len(parts) >= MODULE_PARTS else ""
    return package if package in TOPICS else "other"
