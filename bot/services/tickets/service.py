"""Everything about tickets, put together."""

from collections.abc import Callable

from bot.db.database import Database
from bot.domain.signal import Urgency
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.support_roles import SupportRoles
from bot.services.tickets.adoption import TicketAdoption
from bot.services.tickets.conversation import TicketConversation
from bot.services.tickets.display import TicketDisplay
from bot.services.tickets.drafts import TicketDrafts
from bot.services.tickets.life import TicketLife
from bot.services.tickets.opening import TicketOpening
from bot.services.tickets.ports import Responder, TicketDesk
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tickets.statistics import TicketStatisticsService
from bot.services.tickets.timers import TicketTimers


class TicketService:
    """The parts of the ticket feature, each with its own use cases.

    Attributes:
        may_carry: whether what was said in one place may be shown in another (ids); no until it is known.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        guilds: GuildService,
        support_roles: SupportRoles,
        desk: TicketDesk,
        urgency_of: Callable[[str], Urgency],
    ) -> None:
        self.settings = TicketSettingsService(database, clock, guilds, support_roles)
        self.display = TicketDisplay(database, clock, self.settings, desk)
        self.opening = TicketOpening(database, clock, self.settings, self.display, urgency_of)
        self.adoption = TicketAdoption(database, clock, self.settings, self.opening)
        self.life = TicketLife(database, clock, self.settings, self.display)
        self.conversation = TicketConversation(database, clock, self.life, self.display)
        self.timers = TicketTimers(database, clock, self.settings, self.display, self.opening, self.life)
        self.timers.on_tick = self.adoption.retry
        self.opening.on_placed = self.conversation.begin
        self.may_carry: Callable[[int, int], bool] = lambda source_id, to_id: source_id == to_id
        self.drafts = TicketDrafts(database, clock)
        self.statistics = TicketStatisticsService(database, clock, guilds, self.settings)

    def answer_with(self, responder: Responder) -> None:
        """Have tickets answered."""
        self.opening.responder = self.conversation.responder = responder

    async def load(self) -> None:
        """Read what is kept at hand, once, at the start."""
        await self.settings.load()
        await self.conversation.load()

    async def create_forum(self, guild_id: int, name: str) -> int:
        """Make a forum with its tags and have tickets opened there; return its id.

        Raises:
            ToolError: it can't be made.
        """
        names = self.settings.tag_names(guild_id)
        forum_id = await self.display.desk.create_forum(guild_id, name, list(names.values()))
        await self.settings.change(guild_id, mode="forum", parent_id=forum_id)
        self.adoption.offer(guild_id)
        await self.set_tags(guild_id)
        return forum_id

    async def set_tags(self, guild_id: int) -> None:
        """Give the forum the tags of states and categories; tickets show those that it has.

        Raises:
            ToolError: it can't be done.
        """
        settings = self.settings.of(guild_id)
        if settings.mode != "forum" or settings.parent_id is None:
            return
        names = self.settings.tag_names(guild_id)
        tags = await self.display.desk.set_tags(settings.parent_id, names, settings.tags or {})
        await self.settings.change(guild_id, tags=tags)

    async def close(self) -> None:
        """Stop what runs in the background."""
        await self.adoption.close()
        await self.opening.close()
        await self.conversation.close()
