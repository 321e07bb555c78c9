"""Reading one server's settings and training from the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot import __version__
from bot.db.database import Database, Transaction
from bot.domain.errors import BackupError
from bot.models import Channel, Guild, Watch
from bot.services.portable.document import (
    FORMAT,
    VERSION,
    Alerts,
    Answering,
    Category,
    ChannelChoice,
    Document,
    Entry,
    Names,
    Plugin,
    Server,
    Statistics,
    Summaries,
    Tickets,
)
from bot.services.portable.plugins import as_text, ids_in
from bot.services.statistics.activity import MINE, SCOPE
from bot.services.training.drafts import draft_of

PORTION = 500  # entries read at a time


@dataclass(frozen=True, slots=True)
class Known:
    """What Discord tells of a server's channels and roles; empty where it can't be asked."""

    channels: Mapping[int, str] = field(default_factory=dict)
    roles: Mapping[int, str] = field(default_factory=dict)


async def export_guild(database: Database, guild_id: int, known: Known, now: datetime) -> Document:
    """Return a server's settings and training.

    Raises:
        BackupError: there is no such server; the text names those that are.
    """
    async with database.reading() as tx:
        guild = await tx.guilds.get(guild_id)
        if guild is None:
            raise BackupError(f"There is no server {guild_id}. Fix: {await describe_guilds(tx)}")
        rows = await tx.channels.list_of(guild_id)
        tickets = _one(guild_id, await tx.ticket_settings.list_all())
        categories = [each for each in await tx.ticket_settings.all_categories() if each.guild_id == guild_id]
        summaries = _one(guild_id, await tx.summary_runs.settings())
        alerts = _one(guild_id, await tx.alerts.settings())
        figures = await tx.kv.get(SCOPE, str(guild_id))
        plugins = [each for each in await tx.plugins.guilds() if each.guild_id == guild_id]
    document = Document(
        format=FORMAT,
        version=VERSION,
        lookout=__version__,
        exported_at=now,
        server=Server(id=str(guild.id), name=guild.name),
        names=Names(),
        answering=Answering.model_validate(_values(guild, Answering.model_fields)),
        channels=[
            ChannelChoice(channel_id=str(row.id), watch=Watch(row.watch), tip=row.tip)
            for row in rows
            if row.watch != Watch.DEFAULT or row.tip
        ],
        tickets=tickets and Tickets.model_validate(_values(tickets, Tickets.model_fields)),
        ticket_categories=[
            Category.model_validate(_values(each, Category.model_fields)) for each in categories
        ],
        summaries=summaries and Summaries.model_validate(_values(summaries, Summaries.model_fields)),
        alerts=alerts and Alerts.model_validate(_values(alerts, Alerts.model_fields)),
        statistics=Statistics(own=bool(figures[MINE])) if figures else None,
        plugins=[
            Plugin(plugin=each.plugin, is_on=each.is_on, config=as_text(each.config or {}))
            for each in sorted(plugins, key=lambda each: each.plugin)
        ],
        training=[entry async for entry in _training(database, guild_id)],
    )
    document.names = _names(document, guild, rows, known)
    return document


async def only_guild(database: Database) -> int:
    """Return the server that the bot is in, if it is only one.

    Raises:
        BackupError: there are several, or none.
    """
    async with database.reading() as tx:
        guilds = [each for each in await tx.guilds.list_all() if each.left_at is None]
        if len(guilds) != 1:
            raise BackupError(f"Which server? Fix: {await describe_guilds(tx)}")
    return guilds[0].id


async def describe_guilds(tx: Transaction) -> str:
    """Return which servers there are, for whoever named none of them."""
    guilds = await tx.guilds.list_all()
    if not guilds:
        return "start the bot once with a server."
    listed = ", ".join(f"{each.id} ({each.name})" for each in sorted(guilds, key=lambda each: each.id)[:20])
    return f"choose one with --guild ID: {listed}."


def channel_ids(document: Document) -> list[str]:
    """Return every channel that a document refers to, each once."""
    found: list[str | None] = [
        document.answering.staff_channel_id,
        document.answering.suggest_channel_id,
        *(each.channel_id for each in document.channels),
    ]
    if document.tickets:
        found += [document.tickets.parent_id, document.tickets.log_channel_id]
    if document.summaries:
        found += [document.summaries.channel_id, *(document.summaries.excluded_ids or ())]
    return list(dict.fromkeys(each for each in found if each))


def role_ids(document: Document) -> list[str]:
    """Return every role that a document refers to, each once."""
    found: list[str | None] = [document.answering.admin_role_id]
    found += document.answering.ignored_role_ids or ()
    if document.tickets:
        found.append(document.tickets.staff_role_id)
    found += [each.staff_role_id for each in document.ticket_categories]
    if document.alerts:
        found.append(document.alerts.helper_role_id)
    return list(dict.fromkeys(each for each in found if each))


def _one(guild_id: int, rows: Iterable[Any]) -> Any:
    return next((each for each in rows if each.guild_id == guild_id), None)


def _values(row: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return a row's columns as a document has them: ids as text."""
    values = {name: getattr(row, name) for name in names}
    for name, value in values.items():
        if name.endswith("_id") and value is not None:
            values[name] = str(value)
        elif name.endswith("_ids") and value is not None:
            values[name] = [str(each) for each in value]
    return values


async def _training(database: Database, guild_id: int) -> Any:
    last = 0
    while True:
        async with database.reading() as tx:
            entries = await tx.training.after(guild_id, last, PORTION)
            phrasings = await tx.training.phrasings([entry.id for entry in entries])
        for entry in entries:
            draft = draft_of(entry, [each.text for each in phrasings[entry.id]])
            yield Entry(
                questions=list(draft.questions),
                answer=draft.answer,
                category=draft.category,
                links=list(draft.links),
                valid_from=draft.valid_from,
                valid_until=draft.valid_until,
            )
            last = entry.id
        if len(entries) < PORTION:
            return


def _names(document: Document, guild: Guild, rows: Sequence[Channel], known: Known) -> Names:
    """Return the names of what a document refers to, as far as they are no member's words.

    A thread's name is, and the database doesn't say which of its channels with a parent are threads.
    """
    channels = {row.id: row.name for row in rows if row.parent_id is None and row.name} | dict(known.channels)
    roles = {guild.id: "@everyone"} | dict(known.roles)
    of_plugins = [each for plugin in document.plugins for each in ids_in(plugin.config)]
    return Names(
        channels={
            each: channels[int(each)]
            for each in (*channel_ids(document), *of_plugins)
            if int(each) in channels
        },
        roles={each: roles[int(each)] for each in (*role_ids(document), *of_plugins) if int(each) in roles},
    )
