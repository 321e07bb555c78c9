"""Cuts a day's messages into chunks that a model can read, each message into exactly one. Pure."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from bot.domain.summaries import Line
from bot.llm.fence import Item
from bot.llm.ollama_sizes import tokens_of

MOST: Final = 400  # messages in a chunk: models lose count of more
MARGIN: Final = 1.05  # of an estimate: what is broken up in a text makes it longer
_AROUND: Final = 16  # tokens around a message: number, quotation marks, line breaks
_SOFT: Final = 0.6  # of a chunk's room, from where it may end
_EVERY: Final = 16  # messages, one of which on average may be the last

Chunk = tuple[Line, ...]


class Numbered(NamedTuple):
    """A chunk as a model is shown it.

    Attributes:
        messages: by their numbers, from 1.
    """

    items: list[Item]
    messages: dict[int, Line]


def cost_of(line: Line) -> int:
    """Return about how many tokens a message takes in a prompt, rather too many."""
    written = tokens_of(line.text) + tokens_of(line.author_name)
    return _AROUND + round(MARGIN * written) + line.text.count("\n")


def cut(lines: Sequence[Line], room: int, group_of: Callable[[Line], object]) -> list[Chunk]:
    """Return `lines`, oldest first, in chunks of at most `room` tokens; one longer than that is alone.

    A chunk ends where its group does, and may end behind some messages told by their ids alone. So the same
    messages are cut at the same places on the next day and in the next week, and after one of them was
    deleted: what was made of most chunks can be used again.

    Args:
        lines: what is cut.
        room: tokens.
        group_of: the local date.
    """
    chunks: list[Chunk] = []
    held: list[Line] = []
    used = 0
    for line in lines:
        cost = cost_of(line)
        is_full = used + cost > room or len(held) == MOST
        is_border = used > _SOFT * room or len(held) > _SOFT * MOST
        if held and (
            is_full or group_of(line) != group_of(held[-1]) or (is_border and _may_end(held[-1].message_id))
        ):
            chunks.append(tuple(held))
            held, used = [], 0
        held.append(line)
        used += cost
    if held:
        chunks.append(tuple(held))
    return chunks


def numbered(chunk: Sequence[Line], names: Mapping[int, str]) -> Numbered:
    """Return what a model is shown of a chunk: place by place, numbers in place of ids."""
    by_place: dict[int, list[Line]] = {}
    for line in chunk:
        by_place.setdefault(line.place_id, []).append(line)
    ordered = [line for lines in by_place.values() for line in lines]
    numbers = {line.message_id: number for number, line in enumerate(ordered, 1)}
    items: list[Item] = []
    for place_id, lines in by_place.items():
        items.append(Item(names.get(place_id, "channel"), id="place"))
        for line in lines:
            answered = numbers.get(line.reply_to_id or 0)
            number = numbers[line.message_id]
            id_ = f"{number} to {answered}" if answered else str(number)
            items.append(Item(line.text or "(no text)", line.author_name, id_))
    return Numbered(items, dict(enumerate(ordered, 1)))


def _may_end(message_id: int) -> bool:
    return zlib.crc32(str(message_id).encode()) % _EVERY == 0
