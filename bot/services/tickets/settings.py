"""How servers want their tickets, kept at hand."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.db.database import Database
from bot.domain.emoji import is_emoji
from bot.domain.errors import UserFacingError
from bot.domain.tickets import TicketMode, TicketState, TimerRules, WorkingHours
from bot.models import TicketCategory, TicketSettings
from bot.services.clock import Clock
from bot.services.configuration.changes import CATEGORIES, CATEGORY_ROLES, TICKETS, note, note_row
from bot.services.guilds import GuildService
from bot.services.support_roles import SupportRoles
from bot.texts import text

# Names of a forum's tags, by which they are found again; `tickets.state_...` is what people read elsewhere.
STATE_TAGS = {
    TicketState.OPEN: "Open",
    TicketState.WAITING_MEMBER: "Waiting for member",
    TicketState.WAITING_STAFF: "Waiting for staff",
    TicketState.RESOLVED: "Resolved",
    TicketState.CLOSED: "Closed",
}
MAX_TAGS, MAX_TAG = 20, 20  # of a forum; characters of one
MAX_CATEGORIES = MAX_TAGS - len(STATE_TAGS)
MAX_DESCRIPTION = 100  # characters, as a select's option takes
BULLETS = ("-", "*", "\N{BULLET}", "\N{EN DASH}")
MAX_HOURS = 24 * 365
MAX_OPEN, MAX_COOLDOWN = 50, 86_400
ANSWER_MODES = ("grounded", "open", "trained_only")
BOUNDS: dict[str, tuple[float, float]] = {
    "max_open": (1, MAX_OPEN),
    "cooldown_seconds": (0, MAX_COOLDOWN),
    "remind_hours": (1, MAX_HOURS),
    "close_hours": (1, MAX_HOURS),
    "threshold": (0, 1),
    "low_threshold": (0, 1),
}


class TicketSettingsService:
    """Knows every server's choices, changes them, and forgets what is gone."""

    def __init__(
        self, database: Database, clock: Clock, guilds: GuildService, support_roles: SupportRoles
    ) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._support_roles = support_roles
        self._settings: dict[int, TicketSettings] = {}
        self._categories: dict[int, list[TicketCategory]] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read everything once, at the start."""
        async with self._database.reading() as tx:
            for settings in await tx.ticket_settings.list_all():
                self._remember(settings)
            for category in await tx.ticket_settings.all_categories():
                self._categories.setdefault(category.guild_id, []).append(category)

    def of(self, guild_id: int) -> TicketSettings:
        """Return a server's settings; the defaults, without a place for tickets, where nothing was chosen."""
        return self._settings.get(guild_id) or TicketSettings(guild_id=guild_id)

    def categories(self, guild_id: int) -> Sequence[TicketCategory]:
        """Return a server's categories in their order."""
        return self._categories.get(guild_id, [])

    def as_lines(self, guild_id: int) -> list[str] | None:
        """Return a server's categories as `set_categories` takes them, None where there are none."""
        return lines_of(self.categories(guild_id))

    def called(self, guild_id: int) -> dict[str, str]:
        """Return which roles are called for tickets of which category, where it isn't the staff role."""
        return {
            each.name: str(each.staff_role_id) for each in self.categories(guild_id) if each.staff_role_id
        }

    def category(self, guild_id: int, category_id: int | None) -> TicketCategory | None:
        """Return one category, None when it is gone."""
        return next((each for each in self.categories(guild_id) if each.id == category_id), None)

    def rules(self, guild_id: int) -> TimerRules:
        """Return how patient a server is."""
        settings = self.of(guild_id)
        return TimerRules(
            timedelta(hours=settings.remind_hours) if settings.remind_hours else None,
            timedelta(hours=settings.close_hours) if settings.close_hours else None,
            WorkingHours.parse(settings.working_hours) if settings.working_hours else None,
            self._guilds.policy(guild_id).timezone,
        )

    def tag_names(self, guild_id: int) -> dict[str, str]:
        """Return the name of every tag a server's forum should have, by what the tag says."""
        names = {f"state:{state}": name for state, name in STATE_TAGS.items()}
        return names | {f"category:{each.id}": each.name[:MAX_TAG] for each in self.categories(guild_id)}

    def staff_channel(self, guild_id: int) -> int | None:
        """Return where staff are called, None for in the tickets themselves."""
        return self._guilds.policy(guild_id).staff_channel_id

    async def choose_staff_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Have staff called there; it is also where they are pointed to messages."""
        await self._guilds.set_staff_channel(guild_id, channel_id)

    async def change(self, guild_id: int, **values: Any) -> TicketSettings:
        """Change a server's settings.

        Raises:
            UserFacingError: a value is out of its bounds or written wrongly.
        """
        _check(values)
        if values.get("staff_role_id") == guild_id:
            raise UserFacingError(text("ticket_setup.everyones_role"))
        if values.keys() & {"parent_id", "mode"} or values.get("adopt_posts"):
            values.setdefault("posts_after", None)  # what was posted before stays what it was
        async with self._changing:
            async with self._database.transaction() as tx:
                await tx.guilds.ensure(guild_id, self._clock.now())
                before = await tx.ticket_settings.settings_of(guild_id)
                was = before.model_dump() if before else None
                settings = await tx.ticket_settings.change(guild_id, values)
                await note_row(tx, TICKETS, guild_id, was, settings, self._clock.now())
            self._remember(settings)
        return settings

    async def set_categories(self, guild_id: int, written: str) -> Sequence[TicketCategory]:
        """Make a server's categories those of `written`: one a line, "emoji name | description".

        Raises:
            UserFacingError: too many, one twice, or one too long.
        """
        wanted = [_category(guild_id, line) for line in written.splitlines() if line.strip()]
        names = [each.name.casefold() for each in wanted]
        if len(wanted) > MAX_CATEGORIES:
            raise UserFacingError(text("ticket_setup.too_many_categories", most=MAX_CATEGORIES))
        taken = {name.casefold() for name in STATE_TAGS.values()}
        if len(set(names)) < len(names) or taken & set(names):
            raise UserFacingError(text("ticket_setup.same_category"))
        async with self._changing:
            async with self._database.transaction() as tx:
                await tx.guilds.ensure(guild_id, self._clock.now())
                was = self.as_lines(guild_id)
                stored = await tx.ticket_settings.set_categories(guild_id, wanted)
                await note(tx, guild_id, {CATEGORIES: (was, lines_of(stored))}, self._clock.now())
            self._categories[guild_id] = list(stored)
        return stored

    async def set_category_role(self, guild_id: int, category_id: int, role_id: int | None) -> None:
        """Have a role called for tickets of a category; None for the server's staff role.

        Raises:
            UserFacingError: the category is gone, or everyone has the role.
        """
        category = self.category(guild_id, category_id)
        if category is None:
            raise UserFacingError(text("ticket_setup.category_gone"))
        if role_id == guild_id:
            raise UserFacingError(text("ticket_setup.everyones_role"))
        async with self._changing:
            async with self._database.transaction() as tx:
                await tx.ticket_settings.set_category_role(guild_id, category_id, role_id)
                was = self.called(guild_id)
                now = was | {category.name: str(role_id)} if role_id else _without(was, category.name)
                await note(tx, guild_id, {CATEGORY_ROLES: (was or None, now or None)}, self._clock.now())
            category.staff_role_id = role_id

    async def reload(self, guild_id: int) -> None:
        """Read a server's settings anew, because another process has changed them."""
        async with self._changing:
            async with self._database.reading() as tx:
                settings = await tx.ticket_settings.settings_of(guild_id)
                categories = await tx.ticket_settings.categories_of(guild_id)
            if settings is not None:
                self._remember(settings)
            self._categories[guild_id] = list(categories)

    async def forget_channel(self, guild_id: int, channel_id: int) -> str:
        """Note that a channel is gone; return what it was ("place", "log"), "" if not used."""
        settings = self.of(guild_id)
        if channel_id == settings.parent_id:
            await self.change(guild_id, parent_id=None, tags=None)
            return "place"
        if channel_id == settings.log_channel_id:
            await self.change(guild_id, log_channel_id=None)
            return "log"
        return ""

    async def forget_role(self, guild_id: int, role_id: int) -> bool:
        """Note that a role is gone; return whether it was the staff role."""
        for category in self.categories(guild_id):
            if category.staff_role_id == role_id:
                await self.set_category_role(guild_id, category.id, None)
        if role_id != self.of(guild_id).staff_role_id:
            return False
        await self.change(guild_id, staff_role_id=None)
        return True

    def forget_guild(self, guild_id: int) -> None:
        """Note that a server's settings were deleted: nothing is set up there."""
        self._categories.pop(guild_id, None)
        self._settings.pop(guild_id, None)
        self._support_roles.choose(guild_id, None)

    def _remember(self, settings: TicketSettings) -> None:
        self._settings[settings.guild_id] = settings
        self._support_roles.choose(settings.guild_id, settings.staff_role_id)


def adopts(settings: TicketSettings) -> bool:
    """Whether members' own posts in a server's forum become tickets."""
    return settings.adopt_posts and settings.mode == TicketMode.FORUM and settings.parent_id is not None


def lines_of(categories: Sequence[TicketCategory]) -> list[str] | None:
    """Return categories as `set_categories` takes them."""
    return [f"{each.emoji} {each.name} | {each.description}".strip(" |") for each in categories] or None


def _without(roles: dict[str, str], name: str) -> dict[str, str]:
    return {each: role_id for each, role_id in roles.items() if each != name}


def _check(values: dict[str, Any]) -> None:
    if values.get("working_hours"):
        try:
            WorkingHours.parse(values["working_hours"])
        except UserFacingError:
            raise UserFacingError(text("ticket_setup.wrong_hours")) from None
    for name, (low, high) in BOUNDS.items():
        value = values.get(name)
        if value is not None and not low <= value <= high:
            told = text(f"ticket_setup.bounds_{name}", low=low, high=high)
            raise UserFacingError(told)


def _category(guild_id: int, line: str) -> TicketCategory:
    named, _, description = line.partition("|")
    words = named.split()
    if len(words) > 1 and words[0] in BULLETS:
        words = words[1:]
    has_emoji = len(words) > 1 and is_emoji(words[0])
    emoji, name = (words[0], " ".join(words[1:])) if has_emoji else ("", " ".join(words))
    if not 1 <= len(name) <= MAX_TAG or len(description.strip()) > MAX_DESCRIPTION:
        raise UserFacingError(
            text(
                "ticket_setup.category_too_long",
                most=MAX_TAG,
                description=MAX_DESCRIPTION,
                name=repr(name[:MAX_TAG]),
            )
        )
    return TicketCategory(guild_id=guild_id, name=name, emoji=emoji[:64], description=description.strip())
