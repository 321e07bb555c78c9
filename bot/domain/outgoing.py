"""What a text must not carry when it leaves the bot: hidden reasoning, tool traces, mentions. No I/O."""

import re
from collections.abc import Collection
from typing import Final

ZERO_WIDTH_SPACE: Final = "\u200b"

_HIDDEN: Final = (
    "think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad|inner_monologue"
    "|tool_calls?|tool_use"
    "|tool_response|tool_results?|tool_outputs?|function_calls?|function_results?"
    "|antml:[a-z_]{1,40}|invoke"
)
# a tag right after a backtick is quoted by someone who writes about tags
_TAG: Final = re.compile(
    rf"(?<!`)<\s{{0,3}}(/?)\s{{0,3}}({_HIDDEN})(?:\s[^<>]{{0,200}})?>"
    r"|\[(/?)(TOOL_CALLS?|TOOL_RESULTS?|AVAILABLE_TOOLS|THINK)\]"
    r"|◁(/?)(think)▷",
    re.IGNORECASE,
)
_TOOL_FENCE: Final = re.compile(
    r"```(?:tool_\w{1,20}|thinking|thought|reasoning)["
    r" \t]*\n[\s\S]*?(?:```|$)"
)
_CHANNEL: Final = re.compile(  # of the "harmony" format; one that was cut off names its channel and no more
    r"<\|channel\|>((?:[^<]|<\|constrain\|>){0,200})(?:<\|message\|>|\Z)"
    r"|<\|channel\|>\s*(analysis|commentary)(?!\s*<\|)"
)
_TURN_END: Final = re.compile(r"<\|(?:end|return|call|start)\|>")
_BAR: Final = "[|\uff5c]"  # some models write it in full width
_MARKER: Final = re.compile(rf"<{_BAR}[^<>\s|]{{1,60}}{_BAR}>")
_EVERYONE: Final = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_MENTION: Final = re.compile(r"<@([!&]?)([0-9]{1,20})>")
_BLANK_LINES: Final = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_ROUNDS: Final = 5  # taking one tag out may put another together


def strip_reasoning(text: str) -> str:
    """Return `text` without hidden-reasoning blocks and tool traces; an unclosed one hides all that follows.

    A closing tag without an opening one hides all that precedes it: some models' templates write the opening
    tag into the prompt.
    """
    stripped = text
    for _ in range(_ROUNDS):
        before = stripped
        stripped = _MARKER.sub("", _strip_tags(_TOOL_FENCE.sub("", _strip_channels(before))))
        if stripped == before:
            break
    if stripped == text:
        return text
    return _BLANK_LINES.sub("\n\n", stripped).strip()


def defuse_mentions(text: str, allowed_user_ids: Collection[int] = frozenset()) -> str:
    """Return `text` with a zero-width space in every mention but those of `allowed_user_ids`."""

    def defuse(match: re.Match[str]) -> str:
        kind, snowflake = match.groups()
        if kind != "&" and int(snowflake) in allowed_user_ids:
            return match.group()
        return f"<@{ZERO_WIDTH_SPACE}{kind}{snowflake}>"

    return _EVERYONE.sub("@" + ZERO_WIDTH_SPACE, _MENTION.sub(defuse, text))


def prepare(text: str, allowed_user_ids: Collection[int] = frozenset()) -> str:
    """Return `text` as it may be posted, except for its length and its secrets; may be empty."""
    return defuse_mentions(strip_reasoning(text), allowed_user_ids)


def _strip_channels(text: str) -> str:
    """Return the "final" channel's text where the text has channels, else all of it."""
    channels = list(_CHANNEL.finditer(text))
    if not channels:
        return text
    finals = [match for match in channels if (match[1] or "").strip().lower().startswith("final")]
    if not finals:
        return text[: channels[0].start()]
    return _TURN_END.split(text[finals[-1].end() :], maxsplit=1)[0]


def _strip_tags(text: str) -> str:
    kept: list[str] = []
    position = 0  # where the visible text that isn't kept yet starts
    inside: list[str] = []
    for match in _TAG.finditer(text):
        closing, name = next(
            (match[group], match[group + 1].lower()) for group in (1, 3, 5) if match[group + 1] is not None
        )
        if not closing:
            if not inside:
                kept.append(text[position : match.start()])
            inside.append(name)
        elif not inside:
            kept.clear()
            position = match.end()
        elif name in inside:
            del inside[inside.index(name) :]
            position = match.end()
    if not inside:
        kept.append(text[position:])
    return "".join(kept)
