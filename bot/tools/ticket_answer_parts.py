"""The buttons under answers in tickets, and a ticket in the staff channel. Pure functions."""

import re

import discord
from discord.utils import format_dt

from bot.domain.markdown import escape_markdown
from bot.domain.tickets import Priority, TicketState
from bot.models import Ticket
from bot.services.tickets.answer_ports import Brief, Post, Press, QueueCard
from bot.texts import text
from bot.tools.ticket_card import BUTTON_ID, CLAIM, COLOURS, MAX_TITLE, MAX_VALUE

PRESS_ID = "answer:{press}:{question_id}"
PRESS_PATTERN = rf"answer:(?P<press>{'|'.join(Press)}):(?P<question_id>[0-9]{{1,18}})"
MAX_ASKED, MAX_SAID, MAX_LINE = 700, 900, 280  # characters; an embed takes 6,000


def answer_view(post: Post) -> discord.ui.View:
    """Build the buttons under an answer; presses are heard by the cog's dynamic item, not by this view."""
    view = discord.ui.View(timeout=None)
    if Press.YES in post.presses:
        label = discord.ui.Button[discord.ui.View](
            label=text("ticket_answers.helpful"), disabled=True, custom_id=f"answer:label:{post.question_id}"
        )
        view.add_item(label)
    for press in post.presses:
        custom_id = PRESS_ID.format(press=press, question_id=post.question_id)
        view.add_item(discord.ui.Button(label=text(f"ticket_answers.button_{press}"), custom_id=custom_id))
    view.stop()  # else discord.py would answer presses with nothing before the cog does
    return view


def presses_of(message: discord.Message) -> set[int]:
    """Return the questions whose buttons a message has."""
    found = set()
    for row in message.components:
        for part in row.children if isinstance(row, discord.ActionRow) else ():
            match = re.fullmatch(PRESS_PATTERN, getattr(part, "custom_id", None) or "")
            if match is not None:
                found.add(int(match["question_id"]))
    return found


def thread_link(ticket: Ticket) -> str:
    """Return the address of a ticket's thread."""
    return f"https://discord.com/channels/{ticket.guild_id}/{ticket.thread_id}"


def queue_embed(card: QueueCard) -> discord.Embed:
    """Build a ticket as staff see it in their channel; without a brief nothing of its text."""
    ticket, brief = card.ticket, card.brief
    state = TicketState(ticket.state)
    name = text("ticket_answers.queue_title", number=f"{ticket.number:04}")
    embed = discord.Embed(title=name, url=thread_link(ticket), colour=COLOURS[state])
    if brief is not None:
        embed.title = f"{name} {escape_markdown(ticket.title)}"[:MAX_TITLE]
        embed.description = _short(escape_markdown(brief.asked), MAX_ASKED)
    embed.add_field(name=text("ticket_card.state"), value=text(f"tickets.state_{state}"))
    embed.add_field(
        name=text("ticket_card.priority"), value=text(f"tickets.priority_{Priority(ticket.priority)}")
    )
    holder = f"<@{ticket.claimed_by}>" if ticket.claimed_by else text("ticket_card.nobody")
    embed.add_field(name=text("ticket_card.claimed_by"), value=holder)
    why = escape_markdown(card.reason) or text("ticket_answers.reason_unknown")
    embed.add_field(name=text("ticket_answers.queue_why"), value=why, inline=False)
    if brief is not None:
        _add_brief(embed, ticket, brief)
    return embed


def queue_view(ticket: Ticket) -> discord.ui.View:
    """Build the buttons of a ticket in the staff channel."""
    view = discord.ui.View(timeout=None)
    if ticket.claimed_by is None and ticket.state != TicketState.CLOSED:
        custom_id = BUTTON_ID.format(action=CLAIM, ticket_id=ticket.id)
        view.add_item(
            discord.ui.Button(
                label=text("tickets.button_claim"), style=discord.ButtonStyle.primary, custom_id=custom_id
            )
        )
    view.add_item(discord.ui.Button(label=text("ticket_answers.queue_open"), url=thread_link(ticket)))
    view.stop()
    return view


def _add_brief(embed: discord.Embed, ticket: Ticket, brief: Brief) -> None:
    if brief.said:
        said = "\n".join(f"> {_line(each)}" for each in brief.said)
        embed.add_field(name=text("ticket_answers.queue_said"), value=_short(said, MAX_SAID), inline=False)
    tried = "\n".join(f"• {_line(each)}" for each in brief.tried)
    embed.add_field(
        name=text("ticket_answers.queue_tried"),
        value=_short(tried, MAX_VALUE) or text("ticket_answers.queue_tried_nothing"),
        inline=False,
    )
    if brief.environment:
        shown = _short(escape_markdown(brief.environment), MAX_VALUE)
        embed.add_field(name=text("ticket_card.environment"), value=shown)
    made = format_dt(brief.account_made, "R")
    embed.add_field(
        name=text("ticket_answers.queue_member"),
        value=text("ticket_answers.queue_account", member=f"<@{ticket.opener_id}>", made=made),
    )
    embed.add_field(name=text("ticket_answers.queue_sentiment"), value=brief.sentiment)
    if brief.similar:
        embed.add_field(
            name=text("ticket_answers.queue_similar"),
            value=_short("\n".join(brief.similar), MAX_VALUE),
            inline=False,
        )
    if ticket.source_message_id is not None:
        place = f"{ticket.guild_id}/{ticket.source_channel_id}/{ticket.source_message_id}"
        embed.add_field(
            name=text("ticket_card.source"), value=f"https://discord.com/channels/{place}", inline=False
        )


def _line(said: str) -> str:
    return _short(escape_markdown(" ".join(said.split())), MAX_LINE)


def _short(said: str, most: int) -> str:
    return said if len(said) <= most else f"{said[: most - 1]}…"
