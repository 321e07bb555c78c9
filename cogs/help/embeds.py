"""What can be used as embeds. Pure functions."""

from collections.abc import Sequence
from itertools import groupby

import discord

from bot.texts import text
from cogs.help.listing import Entry

MAX_PAGE = 2_400  # characters: a phone shows that without scrolling for long


def pages_of(entries: Sequence[Entry], *, is_direct: bool) -> list[discord.Embed]:
    """Build the list, at least one page; a topic is named again where it goes on."""
    texts: list[str] = [""]
    for topic, group in groupby(entries, key=lambda each: each.topic):
        headline = f"**{text(f'help.topic_{topic}')}**"
        block = headline
        for entry in group:
            line = line_of(entry)
            if len(texts[-1]) + len(block) + len(line) > MAX_PAGE:
                if block != headline:
                    texts[-1] = f"{texts[-1]}\n\n{block}".strip()
                texts.append("")
                block = headline
            block = f"{block}\n{line}"
        texts[-1] = f"{texts[-1]}\n\n{block}".strip()
    title = text("help.title_direct") if is_direct else text("help.title")
    embeds = []
    for number, each in enumerate(texts, 1):
        embed = discord.Embed(title=title, description=each or text("help.nothing"))
        embed.set_footer(text=text("help.footer", page=number, pages=len(texts)))
        embeds.append(embed)
    return embeds


def line_of(entry: Entry) -> str:
    """Return an entry in one line."""
    if entry.kind is discord.AppCommandType.message:
        return text("help.line_message", name=entry.name, description=entry.description)
    if entry.kind is discord.AppCommandType.user:
        return text("help.line_user", name=entry.name, description=entry.description)
    return text("help.line", mention=entry.mention, description=entry.description)


def detail_embed(entries: Sequence[Entry]) -> discord.Embed:
    """Build the answer about one command, or about a group's."""
    if len(entries) > 1:
        return discord.Embed(description="\n".join(map(line_of, entries))[:4_096])
    [entry] = entries
    embed = discord.Embed(description=line_of(entry))
    if entry.kind is discord.AppCommandType.message:
        embed.set_footer(text=text("help.menu_hint"))
    lines = [
        text("help.option", name=each.display_name, description=each.description)
        if each.required
        else text("help.option_optional", name=each.display_name, description=each.description)
        for each in entry.options
    ]
    if lines:
        embed.add_field(name=text("help.options"), value="\n".join(lines)[:1_024], inline=False)
    return embed
