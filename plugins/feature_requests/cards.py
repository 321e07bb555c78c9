"""How drafts and requests are shown."""

from collections.abc import Sequence
from typing import Final

from bot.plugin_api import Button, Card, CardField, PluginContext, Style
from plugins.feature_requests.drafts import Draft
from plugins.feature_requests.keeping import Place, Request, State
from plugins.feature_requests.wording import cut, plain

_FIELD: Final = 1_000
_COLOURS: Final = {
    State.PENDING: 0x5865F2, State.CREATING: 0xFEE75C, State.APPROVED: 0x57F287, State.CLOSED: 0x8957E5,
    State.REJECTED: 0xED4245, State.LOST: 0x99AAB5,
}  # fmt: skip


def draft_card(ctx: PluginContext, draft: Draft, *, by_ai: bool) -> Card:
    """Return a draft as its member sees it."""
    footer = ctx.text("drafted_by_ai" if by_ai else "drafted_by_rules")
    return Card(
        cut(plain(draft.title), 250), cut(plain(draft.description), 3_500), _fields(ctx, draft), footer
    )


def draft_buttons(ctx: PluginContext, draft_id: str) -> list[Button]:
    """Return what a member can do with their draft."""
    return [
        Button("submit", ctx.text("submit"), draft_id, Style.SUCCESS),
        Button("change", ctx.text("edit"), draft_id),
        Button("discard", ctx.text("discard"), draft_id, Style.DANGER),
    ]


def review_card(ctx: PluginContext, request: Request, place: Place, votes: int) -> Card:
    """Return a request as staff see it."""
    about = [
        CardField(ctx.text("requested_by"), cut(plain(request.user_name), 100), inline=True),
        CardField(ctx.text("votes"), str(votes), inline=True),
        CardField(ctx.text("state"), state_text(ctx, place), inline=True),
    ]
    return Card(
        cut(f"#{request.number} {plain(request.draft.title)}", 250),
        cut(plain(request.draft.description), 3_500),
        (*_fields(ctx, request.draft), *about),
        colour=_COLOURS[place.state],
    )


def review_buttons(ctx: PluginContext, number: int, place: Place) -> Sequence[Button]:
    """Return what staff can do with a request."""
    if place.link:
        return [Button("", ctx.text("open_issue"), link=place.link)]
    if place.state is not State.PENDING:
        return []
    return [
        Button("approve", ctx.text("approve"), str(number), Style.SUCCESS),
        Button("alter", ctx.text("edit"), str(number)),
        Button("reject", ctx.text("reject"), str(number), Style.DANGER),
    ]


def state_text(ctx: PluginContext, place: Place) -> str:
    """Return how a request stands, in words."""
    words = ctx.text(f"state_{place.state}")
    return f"{words}: {place.link}" if place.link else words


def _fields(ctx: PluginContext, draft: Draft) -> tuple[CardField, ...]:
    fields = []
    if draft.user_story:
        fields.append(CardField(ctx.text("user_story"), cut(plain(draft.user_story), _FIELD)))
    if draft.acceptance_criteria:
        listed = "\n".join(f"• {plain(each)}" for each in draft.acceptance_criteria)
        fields.append(CardField(ctx.text("criteria"), cut(listed, _FIELD)))
    return tuple(fields)
