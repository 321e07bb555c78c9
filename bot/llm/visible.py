"""Text as the eye reads it: nothing invisible in it, and letters that look alike made one."""

import re
import unicodedata
from typing import Final

_BREAKS: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffc"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"  # the last are tags and selectors
)
# joiners belong between letters of some scripts and between emoji, never beside ASCII or each other
_JOINER: Final = re.compile("[\u200c\u200d]")
_EMOJI_LETTER: Final = re.compile(r":regional_indicator_([a-z]):")
_PLAIN: Final = re.compile(r"[\t\n\x20-\x7e]*")

_LOOK_ALIKES: Final = str.maketrans(
    "авекмнорстухіјѕԁԛԝһӏгαβεηικμνορτυχωγıɑɡᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "abekmhopctyxijsdqwhlrabenikuvoptuxwyiagabcdefghijklmnoprstuvwyz",
)
_ASCII_SIGNS: Final = bytes(code for code in range(128) if not chr(code).isalnum())
_READ_AS: Final = str.maketrans("013457i", "oleastl")
_SIGN_LETTERS: Final = {
    start + at: chr(ord("a") + at) for start in (0x1F150, 0x1F170, 0x1F1E6) for at in range(26)
}


def visible(text: str) -> str:
    """Return `text` without control, bidi, zero-width and tag characters; line ends become newlines.

    Tabs, newlines, and joiners inside emoji and non-Latin words stay. Doing it twice changes nothing more.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = _INVISIBLE.sub("", _BREAKS.sub("\n", text))
    return _JOINER.sub(lambda match: match.group() if _joins(match) else "", text)


def letters(text: str) -> str:
    """Return the letters and digits of `text` in small Latin ones, without accents and styles."""
    text = _EMOJI_LETTER.sub(r"\1", text)
    if text.isascii():  # as below, in a fifth of the time
        return text.encode().translate(None, _ASCII_SIGNS).decode().lower()
    text = unicodedata.normalize("NFKD", text.translate(_SIGN_LETTERS)).casefold().translate(_LOOK_ALIKES)
    return "".join(filter(str.isalnum, text))


def squeezed(text: str) -> str:
    """Return `letters(text)` with digits and letters that are read for each other made one."""
    return letters(text).translate(_READ_AS)


def _joins(match: re.Match[str]) -> bool:
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    return all(side and not side.isascii() and side not in "\u200c\u200d" for side in (before, after))
