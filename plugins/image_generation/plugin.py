"""Draws pictures by the owner's image model, within limits, and keeps each member's own gallery."""

from datetime import timedelta

from bot.plugin_api import Kind, Level, Option, PluginContext
from plugins.image_generation.drawing import MAX_PROMPT, Config, Drawing
from plugins.image_generation.keeping import Gallery
from plugins.image_generation.service import Owners
from plugins.image_generation.showing import Showing

__all__ = ["Config", "delete_user_data", "setup"]


async def setup(ctx: PluginContext) -> None:
    """Register everything."""
    gallery = Gallery(ctx)
    showing = Showing(ctx, gallery)
    drawing = Drawing(ctx, ctx.options(Owners), gallery, showing)

    async def clear(guild_id: int) -> None:
        await gallery.clear(guild_id, timedelta(days=ctx.config(Config, guild_id).keep_days))

    prompt = Option("prompt", "What is to be seen", least=3, most=MAX_PROMPT)
    number = Option("number", "Which of your pictures, 1 is the newest", Kind.NUMBER, required=False, least=1)
    ctx.command(
        "generate-image",
        "Draw a picture, for you alone until you post it",
        drawing.generate,
        options=[prompt],
    )
    ctx.command("get-image", "Show your own pictures", showing.gallery, options=[number])
    ctx.command(
        "image-spending", "What pictures cost this server today", drawing.spending, level=Level.MANAGER
    )
    showing.register()
    ctx.daily("clear", "04:45", clear)
    ctx.every("sweep", 600, gallery.sweep)


async def delete_user_data(ctx: PluginContext, guild_id: int | None, user_id: int) -> None:
    """Delete the posts of a member's pictures; their pictures and prompts are gone already.

    A post that can't be deleted now is tried again every ten minutes.
    """
    gallery = Gallery(ctx)
    for each in [guild_id] if guild_id is not None else list(ctx.guilds):
        if each in ctx.guilds:
            await gallery.sweep(each)
