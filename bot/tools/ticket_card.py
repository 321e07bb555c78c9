"""The card of a ticket: the embed that opens its thread, with its buttons; and tags. Pure functions."""

from collections.abc import Mapping, Sequence

import discord

from bot.domain.markdown import escape_markdown
from bot.domain.tickets import Priority, TicketState, post_of
from bot.models import Ticket
from bot.services.tickets.ports import TicketView
from bot.texts import text

COLOURS = {
    TicketState.OPEN: discord.Colour.blurple(),
    TicketState.WAITING_MEMBER: discord.Colour.gold(),
    TicketState.WAITING_STAFF: discord.Colour.orange(),
    TicketState.RESOLVED: discord.Colour.green(),
    TicketState.CLOSED: discord.Colour.dark_grey(),
}
MAX_EMBED, MAX_TITLE, MAX_DESCRIPTION, MAX_VALUE = 6_000, 256, 4_096, 1_024  # characters, Discord's
CLAIM, SOLVE, CLOSE, REOPEN = "claim", "solve", "close", "reopen"
BUTTON_ID = "ticket:{action}:{ticket_id}"
BUTTON_PATTERN = rf"ticket:(?P<action>{CLAIM}|{SOLVE}|{CLOSE}|{REOPEN}):(?P<ticket_id>[0-9]{{1,18}})"


def card_embed(view: TicketView) -> discord.Embed:
    """Build the card."""
    ticket, state = view.ticket, TicketState(view.ticket.state)
    embed = discord.Embed(
        title=f"#{ticket.number:04} {escape_markdown(ticket.title)}"[:MAX_TITLE],
        colour=COLOURS[state],
        timestamp=ticket.opened_at,
    )
    embed.add_field(name=text("ticket_card.state"), value=_state(ticket, state))
    embed.add_field(
        name=text("ticket_card.priority"), value=text(f"tickets.priority_{Priority(ticket.priority)}")
    )
    holder = f"<@{ticket.claimed_by}>" if ticket.claimed_by else text("ticket_card.nobody")
    embed.add_field(name=text("ticket_card.claimed_by"), value=holder)
    embed.add_field(name=text("ticket_card.opened_by"), value=_opener(ticket))
    if view.category is not None:
        shown = f"{view.category.emoji} {escape_markdown(view.category.name)}".strip()
        embed.add_field(name=text("ticket_card.category"), value=shown)
    if ticket.environment:
        shown = escape_markdown(ticket.environment)[:MAX_VALUE]
        embed.add_field(name=text("ticket_card.environment"), value=shown, inline=False)
    if ticket.source_message_id is not None:
        link = f"https://discord.com/channels/{ticket.guild_id}/{ticket.source_channel_id}/{ticket.source_message_id}"
        embed.add_field(name=text("ticket_card.source"), value=link, inline=False)
    if state is TicketState.CLOSED:
        by = f"<@{ticket.closed_by}>" if ticket.closed_by else text("ticket_card.by_itself")
        reason = f": {escape_markdown(ticket.close_reason)}" if ticket.close_reason else ""
        embed.add_field(name=text("ticket_card.closed"), value=f"{by}{reason}"[:MAX_VALUE], inline=False)
    embed.set_footer(text=text("ticket_card.opened"))
    if post_of(ticket.key) is not None:
        return embed  # it stands right above
    embed.description = escape_markdown(ticket.question)[: min(MAX_DESCRIPTION, MAX_EMBED - len(embed))]
    return embed


def _state(ticket: Ticket, state: TicketState) -> str:
    shown = text(f"tickets.state_{state}")
    if ticket.reopened > 1:
        return text("ticket_card.reopened_many", state=shown, count=ticket.reopened)
    return text("ticket_card.reopened_once", state=shown) if ticket.reopened else shown


def _opener(ticket: Ticket) -> str:
    if not ticket.opener_id:
        return text("privacy.nobody")
    member = f"<@{ticket.opener_id}>"
    return text("ticket_card.member_left", member=member) if ticket.member_left else member


def card_buttons(ticket: Ticket) -> discord.ui.View:
    """Build the card's buttons; presses are heard by the cog's dynamic items, not by this view."""
    actions: list[tuple[str, str, discord.ButtonStyle]] = []
    if ticket.state == TicketState.CLOSED:
        actions.append((REOPEN, text("tickets.button_reopen"), discord.ButtonStyle.secondary))
    else:
        if ticket.claimed_by is None:
            actions.append((CLAIM, text("tickets.button_claim"), discord.ButtonStyle.primary))
        if ticket.state != TicketState.RESOLVED:
            actions.append((SOLVE, text("tickets.button_solve"), discord.ButtonStyle.success))
        actions.append((CLOSE, text("tickets.button_close"), discord.ButtonStyle.secondary))
    view = discord.ui.View(timeout=None)
    for action, label, style in actions:
        custom_id = BUTTON_ID.format(action=action, ticket_id=ticket.id)
        view.add_item(discord.ui.Button(label=label, style=style, custom_id=custom_id))
    view.stop()  # else discord.py would answer presses with nothing before the cog does
    return view


def wanted_tags(view: TicketView) -> list[int]:
    """Return the ids of the forum tags that a ticket has, as far as the forum has them."""
    ticket = view.ticket
    keys = (f"state:{ticket.state}", f"category:{ticket.category_id}")
    return [int(view.tags[key]) for key in keys if key in view.tags]


def wanted_forum_tags(
    there: Sequence[discord.ForumTag], names: Mapping[str, str], known: Mapping[str, str]
) -> list[discord.ForumTag]:
    """Return the tags a forum should have: names and known ids as `TicketDesk.set_tags` takes them."""
    said = {int(tag): key for key, tag in known.items()}
    kept: list[discord.ForumTag] = []
    for tag in there:
        key = said.get(tag.id)
        if key is not None and key not in names:
            continue  # what it said is no more
        name = names[key] if key is not None else tag.name
        kept.append(tag if name == tag.name else _renamed(tag, name))
    have = {tag.name for tag in kept}
    return [*kept, *(discord.ForumTag(name=name) for name in names.values() if name not in have)]


def _renamed(tag: discord.ForumTag, name: str) -> discord.ForumTag:
    new = discord.ForumTag(name=name, emoji=tag.emoji, moderated=tag.moderated)
    new.id = tag.id
    return new
