"""How a row of evaluation data is named, so that what was trained on is never scored.

Training writes down the keys of its rows, never the rows; `run.py evaluate` leaves rows with such a key out.
"""

from hashlib import blake2b
from typing import Final

_CHANCE: Final = 5  # words from which the same text twice is no chance


def row_key(file: str, row_id: str, text: str) -> int:
    """Return the 64-bit key of a row.

    Args:
        file: the file's name without folder and ending, such as "intent_chat_hand".
        row_id: its `id`; of a message in a day's log, see `message_id`.
        text: its `text`, as read.
    """
    # "surrogatepass": JSON may hold half of a character, and such a row needs a key too.
    name = f"{file}\0{row_id}\0{text}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


def text_key(text: str) -> int:
    """Return the key of a text wherever it stands; 0 when it is so short that people say it by chance."""
    words = text.lower().split()
    return row_key("", "", " ".join(words)) if len(words) >= _CHANCE else 0


def message_id(log_id: str, index: int) -> str:
    """Return the row id of message `index` (from 0) of a day's log, which is one line of `day_logs`."""
    return f"{log_id}:{index}"
