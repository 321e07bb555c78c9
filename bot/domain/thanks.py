"""Words that end a talk: they get no answer. Pure: no I/O."""

import re
from typing import Final

MOST_WORDS: Final = 12
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_CLOSING_WORDS: Final = """
    thanks thank thx ty tysm tyvm thankyou cheers merci danke gracias obrigado obrigada grazie
    solved fixed resolved works worked working done perfect great awesome amazing nice cool good
    lovely excellent brilliant bye goodbye cya
"""
_FILLING_WORDS: Final = """
    a again all and beaucoup bot dank day everybody everyone everything fine for guys have help
    helped helpful helping i i'm is it it's its just lot lots man mate mille mucho muchas muito much
    my no now of oh ok okay one problem schön sehr so sorted team that that's thats the this to
    today very vielen well worries yeah yep yes you you're your
"""
_CLOSING: Final = frozenset(_CLOSING_WORDS.split())  # said alone or together, they ask for nothing
_FILLING: Final = frozenset(_FILLING_WORDS.split())


def is_closing(text: str) -> bool:
    """Whether `text` only thanks or says that it works now: no question, no "but", no "still"."""
    if "?" in text:
        return False
    words = _WORD.findall(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold())
    if not 0 < len(words) <= MOST_WORDS:
        return False
    return any(word in _CLOSING for word in words) and all(
        word in _CLOSING or word in _FILLING for word in words
    )


_THANKING_WORDS: Final = """
    thanks thank thx ty tysm tyvm thankyou cheers merci danke gracias obrigado obrigada grazie appreciated
    solved fixed resolved worked works
"""
_DOUBTING_WORDS: Final = "but still no not nope never nothing however yet broken"
_THANKING: Final = frozenset(_THANKING_WORDS.split())
_DOUBTING: Final = frozenset(_DOUBTING_WORDS.split())
MOST_THANKING_WORDS: Final = 40


def is_thanks(text: str) -> bool:
    """Whether `text`, said in reply to an answer, thanks for it or says that it worked."""
    if "?" in text:
        return False
    words = _WORD.findall(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold())
    if not 0 < len(words) <= MOST_THANKING_WORDS:
        return False
    if any(word in _DOUBTING or word.endswith("n't") for word in words):
        return False
    return any(word in _THANKING for word in words)
