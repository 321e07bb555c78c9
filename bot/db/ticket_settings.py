"""How servers want their tickets."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.domain.tickets import TicketMode
from bot.models import TicketCategory, TicketSettings


class TicketSettingsRepository:
    """The ticket settings and categories seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_all(self) -> Sequence[TicketSettings]:
        """Return every server's settings."""
        return (await self._session.exec(select(TicketSettings))).all()

    async def settings_of(self, guild_id: int) -> TicketSettings | None:
        """Return a server's settings, None where it has chosen nothing."""
        return await self._session.get(TicketSettings, guild_id, populate_existing=True)

    async def all_categories(self) -> Sequence[TicketCategory]:
        """Return every server's categories, in their order."""
        query = select(TicketCategory).order_by(col(TicketCategory.position), col(TicketCategory.id))
        return (await self._session.exec(query)).all()

    async def categories_of(self, guild_id: int) -> Sequence[TicketCategory]:
        """Return a server's categories, in their order."""
        query = select(TicketCategory).where(TicketCategory.guild_id == guild_id)
        ordered = query.order_by(col(TicketCategory.position), col(TicketCategory.id))
        return (await self._session.exec(ordered)).all()

    async def awaiting(self, channel_ids: Collection[int]) -> dict[int, int]:
        """Return which of these forums wait for members' posts to become tickets: those after which id."""
        settings = TicketSettings
        query = select(col(settings.parent_id), col(settings.posts_after)).where(
            col(settings.parent_id).in_(channel_ids),
            col(settings.mode) == TicketMode.FORUM,
            col(settings.adopt_posts).is_(True),
            col(settings.posts_after).is_not(None),
        )
        return {
            parent_id: after
            for parent_id, after in (await self._session.exec(query)).all()
            if parent_id is not None and after is not None
        }

    async def change(self, guild_id: int, values: dict[str, Any]) -> TicketSettings:
        """Set columns of a known server's settings, which begin with the defaults; return the settings."""
        begun = TicketSettings(guild_id=guild_id).model_dump() | values
        insert = insert_for(self._session, TicketSettings).values(**begun)
        keep = values or {"guild_id": guild_id}
        await self._session.exec(insert.on_conflict_do_update(index_elements=["guild_id"], set_=keep))
        settings = await self._session.get(TicketSettings, guild_id, populate_existing=True)
        assert settings is not None  # just written
        return settings

    async def set_category_role(self, guild_id: int, category_id: int, role_id: int | None) -> None:
        """Have a role called for tickets of a category; None for the server's staff role."""
        this = (col(TicketCategory.guild_id) == guild_id, col(TicketCategory.id) == category_id)
        await self._session.exec(update(TicketCategory).where(*this).values(staff_role_id=role_id))

    async def set_categories(
        self, guild_id: int, wanted: Sequence[TicketCategory]
    ) -> Sequence[TicketCategory]:
        """Make a server's categories these, in this order; return them as stored.

        Who is called the same but for upper and lower case is the same.
        """
        known = (
            await self._session.exec(select(TicketCategory).where(TicketCategory.guild_id == guild_id))
        ).all()
        there = {each.name.casefold(): each.id for each in known}
        kept = [there[name] for name in (each.name.casefold() for each in wanted) if name in there]
        gone = (col(TicketCategory.guild_id) == guild_id, col(TicketCategory.id).not_in(kept))
        await self._session.exec(delete(TicketCategory).where(*gone))
        for position, each in enumerate(wanted):
            values: dict[str, Any] = {
                "name": each.name,
                "emoji": each.emoji,
                "description": each.description,
                "position": position,
            }
            same = there.get(each.name.casefold())
            if same is not None:
                this = col(TicketCategory.id) == same
                await self._session.exec(update(TicketCategory).where(this).values(**values))
            else:
                self._session.add(TicketCategory(guild_id=guild_id, **values))
        await self._session.flush()
        query = select(TicketCategory).where(TicketCategory.guild_id == guild_id)
        ordered = query.order_by(col(TicketCategory.position))
        return (await self._session.exec(ordered, execution_options={"populate_existing": True})).all()
