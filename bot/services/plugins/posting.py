"""What plugins post, on its way out: cleaned, within Discord's limits, and not too often."""

import codecs
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.domain.outgoing import prepare
from bot.nlp.redaction import redact
from bot.plugin_api.calls import Content
from bot.plugin_api.errors import LimitError
from bot.plugin_api.parts import MAX_CARD, MAX_TEXT, Button, Card, CardField, Form
from bot.services.clock import Clock

MAX_FIELDS: Final = 25
MAX_BUTTONS: Final = 25
MAX_FILES: Final = 10
MAX_FILE_BYTES: Final = 10_000_000  # all of a message together
MAX_VALUE: Final = 50  # characters of a button's
_ALT: Final = 1_024  # characters that say what a picture shows
_TITLE, _NAME, _VALUE, _FOOTER, _LABEL = 256, 256, 1_024, 2_048, 80
_FORM_TITLE, _FORM_LABEL, _FORM_FIELDS = 45, 45, 5
MINUTE: Final = 60.0


class Flow:
    """Counts what a plugin posts in each server."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._posts: dict[int, deque[float]] = {}  # by guild: monotonic

    def take(self, guild_id: int) -> bool:
        """Return whether one more may be posted now."""
        now = self._clock.monotonic()
        posts = self._posts.setdefault(guild_id, deque(maxlen=self._per_minute))
        if len(posts) == self._per_minute and now - posts[0] < MINUTE:
            return False
        posts.append(now)
        return True


def cleaned(content: Content, mask: Callable[[str], str]) -> Content:
    """Return `content` as it may leave the bot.

    Raises:
        LimitError: it is empty or too long, or has too many parts.
    """

    def clean(text: str) -> str:
        return prepare(redact(mask(text)))

    if not (content.text.strip() or content.card or content.files):
        raise LimitError("there is nothing in the message: give a text, a card or a file")
    text = clean(content.text)
    _within("text", text, MAX_TEXT)
    if len(content.buttons) > MAX_BUTTONS or len(content.files) > MAX_FILES:
        raise LimitError(f"a message has at most {MAX_BUTTONS} buttons and {MAX_FILES} files")
    if sum(len(each.data) for each in content.files) > MAX_FILE_BYTES:
        raise LimitError(f"the files have more than {MAX_FILE_BYTES:,} bytes")
    for button in content.buttons:
        _check_button(button)
    card = _card(content.card, clean) if content.card else None
    files = tuple(replace(each, alt=clean(each.alt)[:_ALT]) for each in content.files)
    return replace(content, text=text, card=card, files=files)


def text_of(data: bytes) -> str | None:
    """Return the text in a file, secrets redacted; None where it is none in UTF-8 or, marked so, UTF-16."""
    coding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else redact(text.encode("utf-8", "replace").decode())


def check_form(form: Form) -> None:
    """Check a form's parts.

    Raises:
        LimitError: one is too long, or there are too many or too few.
    """
    if not 1 <= len(form.fields) <= _FORM_FIELDS:
        raise LimitError(f"a form has 1 to {_FORM_FIELDS} fields")
    _within("form's title", form.title, _FORM_TITLE)
    _within("form's value", form.value, MAX_VALUE)
    for each in form.fields:
        _within("field's label", each.label, _FORM_LABEL)


def _card(card: Card, clean: Callable[[str], str]) -> Card:
    if len(card.fields) > MAX_FIELDS:
        raise LimitError(f"a card has at most {MAX_FIELDS} fields")
    title, text, footer = clean(card.title), clean(card.text), clean(card.footer)
    fields = tuple(CardField(clean(each.name), clean(each.value), each.inline) for each in card.fields)
    for what, value, limit in (
        ("title", title, _TITLE),
        ("text", text, MAX_CARD),
        ("footer", footer, _FOOTER),
    ):
        _within(f"card's {what}", value, limit)
    for each in fields:
        _within("field's name", each.name, _NAME)
        _within("field's value", each.value, _VALUE)
    return replace(card, title=title, text=text, footer=footer, fields=fields)


def _check_button(button: Button) -> None:
    _within("button's label", button.label, _LABEL)
    _within("button's value", button.value, MAX_VALUE)
    if button.link and not button.link.startswith("https://"):
        raise LimitError("a button's link starts with https://")


def _within(what: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise LimitError(f"the {what} has {len(text):,} characters; {limit:,} at most")
