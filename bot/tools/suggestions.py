"""Cards with suggested replies in the staff channel: posts and edits them, never listens."""

from collections.abc import Callable

import discord
from discord.ext import commands
from discord.utils import escape_markdown, format_dt

from bot.domain.signal import Signal
from bot.models import Action, Suggestion, SuggestionState
from bot.services.compose import SUGGEST
from bot.services.suggestions import Card
from bot.services.tools import UnreachableError
from bot.texts import text
from bot.tools.errors import translated
from bot.tools.owner import SILENT
from bot.tools.responder import DiscordResponderTool

BUTTON_ID = "suggest:{what}:{message_id}"
BUTTON_PATTERN = r"suggest:(?P<what>post|edit|dismiss):(?P<message_id>[0-9]{15,20})"
POST, EDIT, DISMISS = "post", "edit", "dismiss"
NEEDS = ("view_channel", "send_messages", "embed_links", "read_message_history")
COLOURS = {
    SuggestionState.OPEN: 0x5865F2,
    SuggestionState.POSTING: 0x5865F2,
    SuggestionState.POSTED: 0x3BA55D,
}
ENDED = 0x747F8D
MOST_ASKED = 300  # characters of the message; a field takes 1,024, and escaping may double them
MayCarry = Callable[[int, int], bool]


class DiscordSuggestTool(DiscordResponderTool):
    """Posts the card of a suggested reply, once as any other action."""

    def __init__(self, bot: commands.Bot, may_carry: MayCarry) -> None:
        super().__init__(bot, SUGGEST)
        self._may_carry = may_carry

    async def _send(self, target: discord.abc.Messageable, action: Action, signal: Signal) -> discord.Message:
        suggestion = Suggestion(
            signal_id=signal.id,
            guild_id=action.guild_id or 0,
            channel_id=action.channel_id,
            proposed=action.content,
            created_at=action.created_at,
        )
        shown = self._may_carry(signal.message.place_id, action.channel_id)
        return await target.send(
            embed=card_embed(Card(suggestion, signal), shown=shown),
            view=card_view(suggestion, signal.message.message_id),
            nonce=action.nonce,
            allowed_mentions=SILENT,
        )

    def _is_it(self, message: discord.Message, action: Action) -> bool:
        wanted = BUTTON_ID.format(what=DISMISS, message_id=action.signal_id.rpartition(":")[2])
        return any(
            each.custom_id == wanted
            for row in message.components
            if isinstance(row, discord.ActionRow)
            for each in row.children
        )


class DiscordSuggestionDesk:
    """The `SuggestionDesk` of the services."""

    def __init__(self, may_carry: MayCarry) -> None:
        self.bot: discord.Client | None = None
        self._may_carry = may_carry

    async def show(self, card: Card) -> None:
        """Have a card tell how its suggestion stands."""
        suggestion, signal = card
        assert suggestion.card_id is not None  # it is posted
        shown = self._may_carry(signal.message.place_id, suggestion.channel_id)
        with translated():
            await self._card(suggestion.channel_id, suggestion.card_id).edit(
                embed=card_embed(card, shown=shown),
                view=card_view(suggestion, signal.message.message_id),
                allowed_mentions=SILENT,
            )

    async def remove(self, channel_id: int, card_id: int) -> None:
        """Delete a card."""
        with translated():
            await self._card(channel_id, card_id).delete()

    def _card(self, channel_id: int, card_id: int) -> discord.PartialMessage:
        if self.bot is None:
            raise UnreachableError("not connected yet")
        return self.bot.get_partial_messageable(channel_id).get_partial_message(card_id)


def card_embed(card: Card, *, shown: bool) -> discord.Embed:
    """Build the card's embed; with `shown` it has the reply's words."""
    suggestion, signal = card
    state = SuggestionState(suggestion.state)
    words = suggestion.posted or suggestion.proposed
    embed = discord.Embed(
        title=text("suggest.title"),
        description=words if shown else text("suggest.hidden"),
        colour=COLOURS.get(state, ENDED),
    )
    tags, observer = signal.nano_tags, signal.observer
    asked = _asked(signal) if shown else ""
    embed.add_field(name=text("suggest.message"), value=asked + signal.message.link, inline=False)
    feeling = text(f"audit.feeling_{tags.sentiment.value}")
    told = (observer.intent.value, tags.purpose.value, feeling, f"urgency {tags.urgency.value}")
    embed.add_field(name=text("suggest.tags"), value=" · ".join(each.replace("_", " ") for each in told))
    embed.add_field(name=text("suggest.confidence"), value=f"{observer.confidence:.2f}")
    became = _became(suggestion, state)
    if became:
        embed.add_field(name=text("suggest.state"), value=became[:1_024], inline=False)
    return embed


def _asked(signal: Signal) -> str:
    """Return what was asked as a quotation, "" where it has no words."""
    words = " ".join(signal.message.content.split())
    shown = words if len(words) <= MOST_ASKED else f"{words[:MOST_ASKED]}…"
    return f"> {escape_markdown(shown)}\n" if shown else ""


def card_view(suggestion: Suggestion, message_id: int) -> discord.ui.View:
    """Build the buttons below a card; whoever presses them is heard by the cog's dynamic items."""
    view = discord.ui.View(timeout=None)
    if suggestion.state == SuggestionState.OPEN:
        for what, label, style in (
            (POST, text("suggest.post"), discord.ButtonStyle.success),
            (EDIT, text("suggest.edit"), discord.ButtonStyle.primary),
            (DISMISS, text("suggest.dismiss"), discord.ButtonStyle.secondary),
        ):
            custom_id = BUTTON_ID.format(what=what, message_id=message_id)
            view.add_item(discord.ui.Button(label=label, style=style, custom_id=custom_id))
    view.stop()
    return view


def _became(suggestion: Suggestion, state: SuggestionState) -> str:
    user, reason = suggestion.decided_by, escape_markdown(suggestion.reason or "")
    when = format_dt(suggestion.decided_at, "R") if suggestion.decided_at else ""
    told = {
        SuggestionState.OPEN: "",
        SuggestionState.POSTING: text("suggest.posting", user=user),
        SuggestionState.POSTED: text("suggest.posted", user=user, when=when),
        SuggestionState.DISMISSED: text("suggest.dismissed", user=user, when=when),
        SuggestionState.FAILED: text("suggest.failed", user=user, reason=reason),
        SuggestionState.EXPIRED: text("suggest.expired", reason=reason),
    }[state]
    if state is SuggestionState.POSTED and suggestion.posted is not None:
        return text("suggest.posted_edited", user=user, when=when)
    if state is SuggestionState.DISMISSED and reason:
        told += "\n" + text("suggest.because", reason=reason)
    return told
