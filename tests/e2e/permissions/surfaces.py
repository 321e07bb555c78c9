"""Everything that can be used, told from the code that is loaded: whatever is new is among it."""

import re
import sys
from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands
from discord.ui.view import BaseView

from bot.core.forms import KeptForm
from bot.core.ui import KeptButton
from bot.plugin_api import Level
from sandbox.ops.components import walk
from tests.e2e.permissions.callers import People
from tests.e2e.permissions.table import FILE, reasons, rows

WIZARD = "setup/"  # how the ids of /setup's parts begin
_CHOICES = re.compile(r"\(\?P<(\w+)>([a-z_]+(?:\|[a-z_]+)+)\)")  # what a part of an id can be


def commands_of(people: People) -> set[str]:
    """Return every slash command, subcommands one by one, those of plugins in the server among them."""
    tree, here = people.client.tree, discord.Object(people.home.guild.id)
    found = [*tree.walk_commands(), *tree.walk_commands(guild=here)]
    return {each.qualified_name for each in found if isinstance(each, app_commands.Command)}


def menus_of(people: People) -> set[str]:
    """Return every context menu."""
    tree, here = people.client.tree, discord.Object(people.home.guild.id)
    kinds = (discord.AppCommandType.message, discord.AppCommandType.user)
    return {
        each.name
        for kind in kinds
        for scope in (None, here)
        for each in tree.walk_commands(type=kind, guild=scope)
    }


def buttons_of(people: People) -> set[str]:
    """Return the kinds of buttons that last; each must be one the bot listens to."""
    kinds = _ours(KeptButton)
    heard = set(people.client._connection._view_store._dynamic_items.values())
    assert kinds <= heard, f"nobody hears {', '.join(each.__name__ for each in kinds - heard)}"
    lasting = {str(item.custom_id) for view in people.client.persistent_views for item in view.children}  # type: ignore[attr-defined]
    return {each.__name__ for each in kinds} | lasting


def forms_of(people: People) -> set[str]:
    """Return the kinds of forms that are heard by their ids; each must be one the bot listens to."""
    kinds, heard = _ours(KeptForm), set(people.client.forms._kinds)
    assert kinds <= heard, f"nobody hears {', '.join(each.__name__ for each in kinds - heard)}"
    return {each.__name__ for each in kinds}


def autocompletes_of(people: People) -> set[str]:
    """Return every option of a command that suggests something."""
    tree, here = people.client.tree, discord.Object(people.home.guild.id)
    found = [*tree.walk_commands(), *tree.walk_commands(guild=here)]
    return {
        f"{each.qualified_name} {option.display_name}"
        for each in found
        if isinstance(each, app_commands.Command)
        for option in each.parameters
        if option.autocomplete
    }


def parts_of() -> set[str]:
    """Return every class of views, forms, buttons and selects that the bot and its cogs have."""
    bases = (BaseView, discord.ui.Item)
    return {each.__name__ for base in bases for each in _ours(base)}


def wizard_of(people: People) -> set[str]:
    """Return the ids of the wizard's parts that the bot has shown so far."""
    places = people.discord.core.world.channels.values()
    parts = (part for place in places for each in place.messages.values() for part in walk(each.components))
    ids = {part["custom_id"] for part in parts if part.get("custom_id", "").startswith(WIZARD)}
    return {re.sub(r"/\d+/", "/", each, count=1) for each in ids}


def untried(section: str, base: type[Any]) -> list[str]:
    """Return what the ids of buttons or forms can say that no row of the table does."""
    found = []
    for kind in sorted(_ours(base), key=lambda each: each.__name__):
        ids = [
            re.sub(r"\{\w+\}", "123456789012345678", row.id)
            for row in rows(section)
            if row.name == kind.__name__ and not row.opens
        ]
        pattern = re.compile(kind.__discord_ui_compiled_template__ if base is KeptButton else kind.template)
        matches = [pattern.fullmatch(each) for each in ids]
        found += [
            f"{kind.__name__}: {id_} is no id of it"
            for id_, match in zip(ids, matches, strict=True)
            if not match
        ]
        for name, words in _CHOICES.findall(pattern.pattern):
            said = {match[name] for match in matches if match}
            found += [
                f"{kind.__name__}: {name} {word!r} isn't tried"
                for word in words.split("|")
                if word not in said
            ]
    return found


def untried_of_plugins(people: People) -> list[str]:
    """Return the buttons and forms of plugins that no row of the table tries."""
    there = [row for section in ("buttons", "forms") for row in rows(section)]
    tried = [f"plugin:{row.case.replace(' ', ':')}:" if row.opens else row.id for row in there]
    entries = people.client.services.plugins.registry.entries
    ids = [
        id_
        for plugin, entry in entries.items()
        if entry.host is not None
        for prefix, kinds in (
            ("plugin", entry.host.registered.buttons),
            ("plugin_form", entry.host.registered.forms),
        )
        for id_ in (f"{prefix}:{plugin}:{kind}:" for kind in kinds)
    ]
    assert len(ids) > len(Level), "no plugin runs"
    return [f"{each}… isn't tried" for each in ids if not any(id_.startswith(each) for id_ in tried)]


def _ours(base: type[Any]) -> set[Any]:
    """Return every class made of a base, in the bot and its cogs."""
    found = set(base.__subclasses__())
    for each in list(found):
        found |= _ours(each)
    return {
        each for each in found if each.__module__.partition(".")[0] in ("bot", "cogs") and _is_loaded(each)
    }


def _is_loaded(kind: type[Any]) -> bool:
    """Whether a class is that of the bot that runs: one before it has left its own behind."""
    return getattr(sys.modules.get(kind.__module__), kind.__name__, None) is kind


def unwalked() -> str:
    """Return the classes of parts of which the table says nothing, or something that isn't so."""
    walked = {row.name for section in ("buttons", "forms", "views", "once") for row in rows(section)}
    there, path = parts_of(), FILE.relative_to(FILE.parents[3])
    lines = [
        f"{each}: walk it, or say under `not_walked` of {path} why not"
        for each in sorted(there - walked - reasons().keys())
    ]
    lines += [f"{each}: is no more, or is walked" for each in sorted(reasons().keys() - (there - walked))]
    return "\n".join(lines)


def unlisted(section: str, there: Iterable[str]) -> str:
    """Return what lacks a line in the table, or has one and isn't there; "" where all is well."""
    known, there = {row.name for row in rows(section)}, set(there)
    path = FILE.relative_to(FILE.parents[3])
    lines = [f"{each}: say under `{section}` of {path} for whom it works" for each in sorted(there - known)]
    lines += [f"{each}: is no more; take it out of `{section}` of {path}" for each in sorted(known - there)]
    return "\n".join(lines)
