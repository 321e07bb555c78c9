"""A server with everything set, and another with the same names under other ids."""

from typing import Any

from bot.db.database import Database
from bot.models import TicketCategory
from bot.services.portable.document import Document
from bot.services.portable.exporting import Known, export_guild
from bot.services.statistics.activity import MINE, SCOPE
from bot.services.training.drafts import Draft
from bot.services.training.entries import TrainingEntries
from tests.db.support import GUILD
from tests.fakes import FakeClock

OTHER = GUILD + 1_000
MEMBER = 555_000_000_000_000_777
HELP, STAFF, FORUM, LOG, DAILY, THREAD = (GUILD + number for number in range(1, 7))
SUPPORT, HELPERS, MUTED = (GUILD + number for number in range(11, 14))
CHANNELS = {HELP: "help", STAFF: "staff", FORUM: "tickets", LOG: "log", DAILY: "daily"}
ROLES = {SUPPORT: "Support", HELPERS: "Helpers", MUTED: "Muted"}
HERE = Known(CHANNELS, ROLES)
# The same names in another server, under other ids, one of them written otherwise.
THERE = Known(
    {OTHER + number: name for number, name in enumerate(["Help", "staff", "tickets", "log", "daily"], 1)},
    {OTHER + number: name for number, name in enumerate(ROLES.values(), 11)},
)


async def fill(database: Database, clock: FakeClock) -> None:
    """Make a server where everything is set otherwise than by default."""
    now = clock.now()
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD, "Home", now)
        rows = [
            {"id": id_, "guild_id": GUILD, "parent_id": None, "name": name} for id_, name in CHANNELS.items()
        ]
        thread = {"id": THREAD, "guild_id": GUILD, "parent_id": HELP, "name": "my own words"}
        await tx.channels.see([*rows, thread])
        await tx.guilds.change(
            GUILD,
            {"auto_reply": "off", "staff_channel_id": STAFF, "timezone": "Asia/Beirut", "min_confidence": 0.7,
             "quiet_hours": "22:00-07:00", "ignored_role_ids": [MUTED], "languages": ["de", "fr"],
             "admin_role_id": HELPERS, "suggest_channel_id": LOG, "fits": False,
             "watch_default": "chosen", "warn_leaks": False},
        )  # fmt: skip
        await tx.channels.change(HELP, {"watch": "track", "tip": "Read the manual first."})
        await tx.channels.change(DAILY, {"watch": "ignore"})
        await tx.channels.change(THREAD, {"watch": "ignore"})
        await tx.ticket_settings.change(
            GUILD,
            {"mode": "private", "parent_id": FORUM, "staff_role_id": SUPPORT, "log_channel_id": LOG,
             "answer_mode": "open", "threshold": 0.9, "low_threshold": 0.5, "max_open": 5,
             "working_hours": "mon-fri 09:00-17:00", "cooldown_seconds": 5, "remind_hours": 2,
             "close_hours": None, "adopt_posts": False, "transcript_dm": False,
             "tags": {"state:open": "1"}, "tickets_opened": 12},
        )  # fmt: skip
        wanted = [
            TicketCategory(guild_id=GUILD, name="Billing", emoji="💶", description="Money"),
            TicketCategory(guild_id=GUILD, name="Other"),
        ]
        stored = await tx.ticket_settings.set_categories(GUILD, wanted)
        await tx.ticket_settings.set_category_role(GUILD, stored[0].id, HELPERS)
        await tx.summary_runs.change(
            GUILD,
            {"is_on": True, "channel_id": DAILY, "admin_ids": [str(MEMBER)], "at": "18:30",
             "weekdays": [0, 2], "style": "detailed", "language": "German", "sections_off": ["people"],
             "excluded_ids": [str(STAFF)]},
        )  # fmt: skip
        await tx.alerts.change(
            GUILD,
            {"incidents_on": False, "window_minutes": 30, "members": 4, "cooldown_minutes": 5,
             "wait_hours": 8, "nudge_on": True, "helper_role_id": HELPERS, "nudge_hours": 12},
        )  # fmt: skip
        guard = {"staff_channel": STAFF, "called": [SUPPORT], "hold_at": 0.8}
        await tx.plugins.set_guild("spam_guard", GUILD, is_on=True, config=guard)
        await tx.plugins.set_guild("error_explainer", GUILD, is_on=False)
        await tx.kv.put(SCOPE, str(GUILD), {MINE: False})
    training = TrainingEntries(database, clock, nobody_listens)
    await training.add(
        GUILD,
        MEMBER,
        Draft(("How do I pay?", "where to pay"), "By card.", "Billing", ("https://example.org/pay",)),
        f"https://discord.com/channels/{GUILD}/{HELP}/{MEMBER}",
    )


async def nobody_listens(_guild_id: int, _entry_ids: Any) -> None:
    """Take the place of the index."""


async def exported(
    database: Database, clock: FakeClock, known: Known = HERE, guild_id: int = GUILD
) -> Document:
    """Return a server as a file has it: written and read again."""
    found = await export_guild(database, guild_id, known, clock.now())
    return Document.model_validate_json(found.model_dump_json())


def settings_of(document: Document) -> dict[str, Any]:
    """Return what a document says but for whose it is."""
    return document.model_dump(exclude={"server", "names", "exported_at"})


async def see_other(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as tx:
        await tx.guilds.see(OTHER, "Elsewhere", clock.now())
