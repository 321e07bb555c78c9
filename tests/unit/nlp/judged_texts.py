"""Sentences of chance words, some of which ask or report, and what a rationale quotes."""

import re

from hypothesis import strategies as st

from bot.nlp.words import words_of

_WORDS = words_of(
    "can anyone help how do i we you the error 403 getting is not working thanks fixed it doesn't where which"
    " what's should there a way broken stuck please any ideas issue with my server have tried ? . , lol <@1>"
    " why https://a.example \N{GRINNING FACE} crash it's down looking for know to `x` i'm"
)
SENTENCES = st.one_of(
    st.lists(st.sampled_from(sorted(_WORDS)), max_size=16).map(" ".join), st.text(max_size=80)
)
_VERB = re.compile(r"^(?:(?:asks|reports|words) )?'")


def as_written(text: str) -> str:
    """Return a text as it may be quoted: lower case, single spaces, straight apostrophes."""
    return " ".join(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())


def quoted(rationale: str) -> list[str]:
    """Return what a rationale quotes."""
    parts = [part for part in rationale.split("', ") if "'" in part]
    return [_VERB.sub("", part).removesuffix("'") for part in parts]
