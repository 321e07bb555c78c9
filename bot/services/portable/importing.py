"""Writing an exported server into the database, for the same server or another one; the bot is off."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from bot.db.database import Database, Transaction
from bot.domain.errors import BackupError, UserFacingError
from bot.models import AutoReply, TicketCategory, Watch
from bot.services.clock import Clock
from bot.services.configuration.changes import (
    ALERTS,
    CATEGORIES,
    CATEGORY_ROLES,
    CHANNELS,
    GUILDS,
    OWN_FIGURES,
    PLUGINS,
    SUMMARIES,
    TICKETS,
    note,
    note_row,
)
from bot.services.configuration.changes import Row as SettingRow
from bot.services.portable.document import Document
from bot.services.portable.exporting import Known, channel_ids, describe_guilds
from bot.services.portable.plugins import as_numbers, as_text
from bot.services.statistics.activity import MINE, SCOPE
from bot.services.tickets.settings import lines_of
from bot.services.training.drafts import Draft
from bot.services.training.files import Row
from bot.services.training.importing import Report, TrainingFiles, gather

NOBODY = 0  # who taught it is told by no export
SHOWN = 10  # rows of training that were left out


@dataclass
class Imported:
    """What became of an import."""

    parts: list[str] = field(default_factory=list)  # the areas that were set
    left_out: list[str] = field(default_factory=list)  # what found no place, a line each
    training: Report | None = None


class Places:
    """Finds a document's channels and roles in a server: by id, else by name."""

    def __init__(
        self,
        document: Document,
        guild_id: int,
        channels: Mapping[int, str],
        known: Known,
        foreign: Collection[int] = (),
    ) -> None:
        """Prepare.

        Args:
            document: what is imported.
            guild_id: where to.
            channels: what the database knows of there, with their names.
            known: what Discord tells of there.
            foreign: channels of other servers.
        """
        self._foreign = foreign
        self._is_same = int(document.server.id) == guild_id
        self._everyone = {int(document.server.id): guild_id}
        self._names = document.names
        self._channels = dict(known.channels) or channels
        self._roles = known.roles
        self.lost: list[str] = []

    def channel(self, id_: str | None, use: str) -> int | None:
        """Return the channel that takes the place of one, None where there is none."""
        return self._find(id_, use, "channel", self._channels, self._names.channels)

    def role(self, id_: str | None, use: str, *, of_some: bool = False) -> int | None:
        """Return the role that takes the place of one, None where there is none.

        Args:
            id_: of the role in the document.
            use: what it is for.
            of_some: whether it gives rights, so that not everyone may have it.
        """
        if id_ is not None and int(id_) in self._everyone:
            if not of_some:
                return self._everyone[int(id_)]
            self.lost.append(f"{use}: everyone has that role")
            return None
        return self._find(id_, use, "role", self._roles, self._names.roles)

    def any(self, id_: str, use: str) -> int:
        """Return the channel or role that takes the place of one.

        Raises:
            LookupError: there is none.
        """
        is_role = id_ in self._names.roles or int(id_) in self._everyone
        found = self.role(id_, use) if is_role else self.channel(id_, use)
        if found is None:
            raise LookupError(id_)
        return found

    def _find(
        self, id_: str | None, use: str, kind: str, there: Mapping[int, str], names: Mapping[str, str]
    ) -> int | None:
        if id_ is None:
            return None
        if int(id_) in self._foreign and self._is_same:
            self.lost.append(f"{use}: {kind} {id_}: it is another server's")
            return None
        if int(id_) in there or (self._is_same and (not there or id_ not in names)):
            return int(id_)  # or nothing is known of it, as of threads: it may well be there
        name = names.get(id_, "")
        named = [each for each, its in there.items() if name and its.casefold() == name.casefold()]
        if len(named) == 1:
            return named[0]
        shown = f"{kind} {name!r}" if name else f"{kind} {id_}"
        why = "there are several of that name" if named else "there is none of that name"
        if not there:
            why = "roles are only known with the bot's token" if kind == "role" else "no channel is known"
        elif not name:
            why = "its name isn't in the file"
        self.lost.append(f"{use}: {shown}: {why}")
        return None


async def import_guild(
    database: Database, clock: Clock, guild_id: int, document: Document, known: Known
) -> Imported:
    """Set a server's settings as a document says and add its training.

    Raises:
        BackupError: the bot has never seen the server, or it would have too many entries.
    """
    async with database.transaction() as tx:
        if int(document.server.id) != guild_id and await tx.guilds.get(guild_id) is None:
            raise BackupError(
                f"The bot hasn't seen server {guild_id} yet. Fix: invite it and start it once, or "
                f"{await describe_guilds(tx)}"
            )
        await tx.guilds.ensure(guild_id, clock.now())
        rows = await tx.channels.list_of(guild_id)
        named = [await tx.channels.get(int(each)) for each in channel_ids(document)]
        foreign = {row.id for row in named if row is not None and row.guild_id != guild_id}
        places = Places(document, guild_id, {row.id: row.name for row in rows}, known, foreign)
        done, before = Imported(), await _stored(tx, guild_id)
        await _answering(tx, guild_id, document, places)
        await _channels(tx, guild_id, document, places, clock)
        done.parts = ["answering", "channels"]
        for name, write in (("tickets", _tickets), ("summaries", _summaries), ("alerts", _alerts)):
            if getattr(document, name) is not None:
                await write(tx, guild_id, document, places, clock)
                done.parts.append(name)
        if document.ticket_categories:
            await _categories(tx, guild_id, document, places)
            done.parts.append("ticket categories")
        if document.statistics is not None:
            await tx.kv.put(SCOPE, str(guild_id), {MINE: document.statistics.own})
            done.parts.append("statistics")
        if document.plugins:
            await _plugins(tx, guild_id, document, places)
            done.parts.append("plugins")
        await _note(tx, guild_id, before, clock.now())
    done.left_out = places.lost
    if document.training:
        done.training = await _train(database, clock, guild_id, document)
        done.parts.append("training")
        found = done.training
        for kind, issues in (("conflict", found.conflicts), ("can't be used", found.invalid)):
            done.left_out += [f"training {each.row}: {kind}: {each.text}" for each in issues[:SHOWN]]
            if len(issues) > SHOWN:
                done.left_out.append(f"training: {len(issues) - SHOWN} more: {kind}")
    return done


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a server's settings are at a moment."""

    rows: list[tuple[Mapping[str, str], SettingRow | None]]
    values: list[dict[str, Any] | None]  # of the rows, which change
    plain: dict[str, Any]  # what is in several rows, by the setting's key


async def _stored(tx: Transaction, guild_id: int) -> _Stored:
    plain: dict[str, Any] = {}
    for row in await tx.channels.list_of(guild_id):
        plain[f"{CHANNELS}{row.id}.watch"] = row.watch if row.watch != Watch.DEFAULT else None
        plain[f"{CHANNELS}{row.id}.tip"] = row.tip
    categories = [each for each in await tx.ticket_settings.all_categories() if each.guild_id == guild_id]
    plain[CATEGORIES] = lines_of(categories)
    called = {each.name: str(each.staff_role_id) for each in categories if each.staff_role_id}
    plain[CATEGORY_ROLES] = called or None
    plain[OWN_FIGURES] = (await tx.kv.get(SCOPE, str(guild_id)) or {}).get(MINE, True)
    for plugin in [each for each in await tx.plugins.guilds() if each.guild_id == guild_id]:
        plain[f"{PLUGINS}{plugin.plugin}"] = plugin.is_on
        for key, value in (plugin.config or {}).items():
            plain[f"{PLUGINS}{plugin.plugin}.{key}"] = as_text(value)
    rows: list[tuple[Mapping[str, str], SettingRow | None]] = [
        (GUILDS, await tx.guilds.get(guild_id)),
        (TICKETS, await tx.ticket_settings.settings_of(guild_id)),
        (SUMMARIES, await tx.summary_runs.settings_of(guild_id)),
        (ALERTS, await tx.alerts.settings_of(guild_id)),
    ]
    return _Stored(rows, [row.model_dump() if row else None for _, row in rows], plain)


async def _note(tx: Transaction, guild_id: int, before: _Stored, now: datetime) -> None:
    """Write down what the import changed, for `/config history`."""
    after = await _stored(tx, guild_id)
    for was, (names, row) in zip(before.values, after.rows, strict=True):
        if row is not None:
            await note_row(tx, names, guild_id, was, row, now)
    keys = before.plain.keys() | after.plain.keys()
    pairs = {key: (before.plain.get(key), after.plain.get(key)) for key in sorted(keys)}
    await note(tx, guild_id, pairs, now)


async def _answering(tx: Transaction, guild_id: int, document: Document, places: Places) -> None:
    wanted = document.answering
    values = wanted.model_dump()
    values["staff_channel_id"] = places.channel(wanted.staff_channel_id, "staff channel")
    values["suggest_channel_id"] = places.channel(wanted.suggest_channel_id, "channel of suggested replies")
    values["admin_role_id"] = places.role(wanted.admin_role_id, "admin role", of_some=True)
    roles = [places.role(each, "ignored role") for each in wanted.ignored_role_ids or ()]
    values["ignored_role_ids"] = sorted(each for each in roles if each is not None) or None
    asks = wanted.auto_reply == AutoReply.SUGGEST
    if asks and values["staff_channel_id"] is None and values["suggest_channel_id"] is None:
        values["auto_reply"] = AutoReply.OFF.value
        places.lost.append("replies: switched off, choose where staff are asked about them")
    await tx.guilds.change(guild_id, values)


async def _channels(tx: Transaction, guild_id: int, document: Document, places: Places, clock: Clock) -> None:
    known = {row.id for row in await tx.channels.list_of(guild_id)}
    for each in document.channels:
        channel_id = places.channel(each.channel_id, "choice for a channel")
        if channel_id is None:
            continue
        if channel_id not in known:
            name = document.names.channels.get(each.channel_id, "")[:100]
            await tx.channels.see([{"id": channel_id, "guild_id": guild_id, "parent_id": None, "name": name}])
        values = {"watch": str(each.watch), "chosen_at": clock.now(), "tip": each.tip}
        await tx.channels.change(channel_id, values)


async def _tickets(tx: Transaction, guild_id: int, document: Document, places: Places, clock: Clock) -> None:
    wanted = document.tickets
    assert wanted is not None  # asked before
    values: dict[str, Any] = wanted.model_dump()
    values["parent_id"] = places.channel(wanted.parent_id, "channel of the tickets")
    values["staff_role_id"] = places.role(wanted.staff_role_id, "staff role of the tickets", of_some=True)
    values["log_channel_id"] = places.channel(wanted.log_channel_id, "log channel of the tickets")
    # The forum's tags and what was posted before are looked at anew.
    await tx.ticket_settings.change(guild_id, values | {"tags": None, "posts_after": None})


async def _categories(tx: Transaction, guild_id: int, document: Document, places: Places) -> None:
    wanted = document.ticket_categories
    rows = [
        TicketCategory(guild_id=guild_id, name=each.name, emoji=each.emoji, description=each.description)
        for each in wanted
    ]
    stored = await tx.ticket_settings.set_categories(guild_id, rows)
    for row, each in zip(stored, wanted, strict=True):
        role_id = places.role(each.staff_role_id, f"role called for category {each.name!r}", of_some=True)
        await tx.ticket_settings.set_category_role(guild_id, row.id, role_id)


async def _summaries(
    tx: Transaction, guild_id: int, document: Document, places: Places, clock: Clock
) -> None:
    wanted = document.summaries
    assert wanted is not None  # asked before
    values: dict[str, Any] = wanted.model_dump()
    values["channel_id"] = places.channel(wanted.channel_id, "channel of the daily summary")
    excluded = [places.channel(each, "channel that no summary reads") for each in wanted.excluded_ids or ()]
    values["excluded_ids"] = [str(each) for each in excluded if each is not None] or None
    has_readers = any(
        each.guild_id == guild_id and each.admin_ids for each in await tx.summary_runs.settings()
    )
    if wanted.is_on and values["channel_id"] is None and not has_readers:
        values["is_on"] = False
        places.lost.append("daily summary: switched off, choose where it goes with /setsummary")
    await tx.summary_runs.change(guild_id, values | {"changed_at": clock.now()})


async def _alerts(tx: Transaction, guild_id: int, document: Document, places: Places, clock: Clock) -> None:
    wanted = document.alerts
    assert wanted is not None  # asked before
    values: dict[str, Any] = wanted.model_dump()
    values["helper_role_id"] = places.role(wanted.helper_role_id, "role of the helpers", of_some=True)
    if wanted.nudge_on and values["helper_role_id"] is None:
        values["nudge_on"] = False
        places.lost.append("calls to helpers: switched off, choose their role again")
    await tx.alerts.change(guild_id, values)


async def _plugins(tx: Transaction, guild_id: int, document: Document, places: Places) -> None:
    for each in document.plugins:
        config = {}
        for key, value in each.config.items():
            use = partial(places.any, use=f"plugin {each.plugin}: {key}")
            with suppress(LookupError):  # told; its default holds
                config[key] = as_numbers(value, use)
        await tx.plugins.set_guild(each.plugin, guild_id, is_on=each.is_on, config=config or None)


async def _train(database: Database, clock: Clock, guild_id: int, document: Document) -> Report:
    rows = [
        Row(
            number,
            Draft(
                tuple(each.questions), each.answer, each.category, tuple(each.links),
                each.valid_from, each.valid_until,
            ),
        )
        for number, each in enumerate(document.training, 1)
    ]  # fmt: skip
    try:
        return await TrainingFiles(database, clock, _nobody_listens).store(guild_id, NOBODY, gather(rows))
    except UserFacingError as error:
        raise BackupError(f"The settings are imported, the training only in part: {error}") from error


async def _nobody_listens(_guild_id: int, _entry_ids: Sequence[int]) -> None:
    """Do nothing: the bot is off, and reads all training at its start."""
