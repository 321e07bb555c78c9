"""Members request features; staff approve them, and they become issues on GitHub."""

from datetime import timedelta

from bot.plugin_api import PluginContext
from plugins.feature_requests.asking import Asking
from plugins.feature_requests.keeping import Keeping
from plugins.feature_requests.publishing import Config, Owners, Publisher
from plugins.feature_requests.reviewing import Reviewing
from plugins.feature_requests.status import Status

__all__ = ["Config", "delete_user_data", "setup"]


async def setup(ctx: PluginContext) -> None:
    """Register everything."""
    owners = ctx.options(Owners)
    keeping = Keeping(ctx)
    publisher = Publisher(ctx, keeping, owners)
    reviewing = Reviewing(ctx, keeping, publisher)
    status = Status(ctx, keeping, publisher, reviewing, timedelta(minutes=owners.poll_minutes))
    Asking(ctx, keeping, publisher, reviewing).register()
    reviewing.register()
    ctx.every("status", 60, status.run)
    ctx.daily("clear", "04:30", keeping.clear)


async def delete_user_data(ctx: PluginContext, guild_id: int | None, user_id: int) -> None:
    """Delete the messages that show staff what a member asked for.

    Drafts, requests and votes are gone from `ctx.store` already: what is left of a request says where its
    message stands. Where a message can't be deleted now, it is tried again every minute.
    """
    owners = ctx.options(Owners)
    keeping = Keeping(ctx)
    publisher = Publisher(ctx, keeping, owners)
    reviewing = Reviewing(ctx, keeping, publisher)
    status = Status(ctx, keeping, publisher, reviewing, timedelta(minutes=owners.poll_minutes))
    for each in [guild_id] if guild_id is not None else list(ctx.guilds):
        if each in ctx.guilds:
            await status.sweep(each)
