"""What a model says to itself or to its tools amid an answer: taken out. Completes `bot.domain.outgoing`."""

import json
import re
from typing import Any, Final

from bot.domain.outgoing import strip_reasoning

_NAME_KEYS: Final = frozenset({"name", "tool", "tool_name", "function", "action", "recipient_name"})
_CALL_KEYS: Final = frozenset(
    {"arguments", "parameters", "args", "tool_input", "action_input", "input", "kwargs"}
)
_TRACE_KEYS: Final = frozenset({"tool_calls", "tool_uses", "function_call", "function_calls", "tool_call"})
_MAX_OBJECTS: Final = 60  # braces looked at
_UNCLOSED_CALL: Final = re.compile(
    r"(?:```\w{0,10}\s{0,9})?\[?\s{0,9}\{\s{0,20}\"(?:name|tool|tool_name|function|action)\"\s{0,9}:\s{0,9}\"[\w.:/-]{1,80}\"\s{0,9},\s{0,20}"
    r"\"(?:arguments|parameters|args|tool_input|action_input|input|kwargs)\"\s{0,9}:[\s\S]*\Z"
    r"|(?:```\w{0,10}\s{0,9})?\{\s{0,20}\"(?:tool_calls?|tool_uses|function_calls?)\"\s{0,9}:[\s\S]*\Z"
)
_EMPTY_FENCE: Final = re.compile(r"```\w{0,15}\s{0,20}```")
_PYTHON_TAG: Final = re.compile(r"<\|python_tag\|>[\s\S]*")
_PYTHONIC: Final = re.compile(r"\[\s*\w{1,60}\((?:\s*\w{1,60}\s*=[^\n]{0,2000})?\)\s*\]")
_FUNCTION_MARK: Final = re.compile(r"<function[=\s][^>\n]{1,100}>[\s\S]*?(?:</function>|\Z)")
_RECIPIENT: Final = re.compile(r"^[^\n]{0,40}\bto=(?:functions|tools?)\.[^\n]*$", re.MULTILINE)
_CALL_LABEL: Final = re.compile(
    r"^[ \t>*#_-]{0,8}(?:tool|function)[ _-]?calls?[*_]{0,3}[ \t]*:[*_]{0,3}[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_REACT: Final = re.compile(
    r"^[ \t*#]{0,6}(?:Thoughts?|Action|Action Input|Observation)[*]{0,2}[ \t]*:[*]{0,2}[^\n]*\n?",
    re.MULTILINE,
)
_REACT_ACTION: Final = re.compile(r"^[ \t*#]{0,6}(?:Action Input|Thoughts?)[*]{0,2}[ \t]*:", re.MULTILINE)
_HEADING: Final = (
    r"[ \t]{{0,3}}(?:#{{1,6}}[ \t]{{1,3}})?(?:\*\*|__)?[\[(]?(?:{names})[\])]?"
    r"(?:\*\*|__)?[ \t]{{0,3}}:?[ \t]{{0,3}}(?:\*\*|__)?"
)
_THOUGHTS: Final = re.compile(
    "^"
    + _HEADING.format(
        names="(?:my |internal |hidden )?(?:thinking|reasoning|thoughts?|thought process|reasoning process|"
        "thinking process|chain[- ]of[- ]thought|scratch ?pad|inner monologue|internal monologue)"
    )
    + r"(?:\n|(?<=[:*])[^\n]*\n?|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_ANSWER: Final = re.compile(
    "^"
    + _HEADING.format(names="(?:the |my )?(?:final )?(?:answer|response|reply|output)")
    + r"(?:\n|(?<=[:*]))",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_HEADING: Final = re.compile(r"^(?:#{1,6}[ \t]+\S|\*\*[^*\n]+\*\*:?[ \t]*$)", re.MULTILINE)
_PREFIX: Final = re.compile(
    r"\A\s*[ \t>#*_\[]{0,6}(?:assistant|ai|bot|chatbot|model)[*_\]]{0,3}[ \t]{0,2}:[*_]{0,3}", re.IGNORECASE
)
_TURN: Final = re.compile(r"^[ \t#*]{0,4}(?:Human|User)[*]{0,2}[ \t]?:", re.MULTILINE)
_NEXT_ANSWER: Final = re.compile(r"^[ \t#*]{0,4}(?:Assistant|AI|Bot|Model)[*]{0,2}[ \t]?:", re.MULTILINE)
_BLANK_LINES: Final = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def strip_traces(text: str) -> str:
    """Return `text` without thinking, tool calls, role names and made-up turns; may be empty."""
    text = strip_reasoning(_FUNCTION_MARK.sub("", _PYTHON_TAG.sub("", text)))
    text = _strip_thoughts(_strip_calls(text))
    text = _strip_turns(text)
    return _BLANK_LINES.sub("\n\n", text).strip()


def may_be_trace(text: str) -> bool:
    """Whether what `text` begins with may turn out to be a trace, or hide what comes after it."""
    return bool(
        _THOUGHTS.match(text.lstrip())
        or _REACT.match(text.lstrip())
        or text.lstrip().startswith(("{", "[{", "```json", "<|"))
        or _CALL_LABEL.match(text)
    )


def turn_at(text: str) -> int:
    """Return where a line begins that may be a made-up turn of somebody else, -1 where none does."""
    found = [match.start() for pattern in (_TURN, _REACT, _THOUGHTS) if (match := pattern.search(text))]
    return min(found, default=-1)


def _strip_calls(text: str) -> str:
    text = _RECIPIENT.sub("", text) if "to=" in text else text
    if "{" in text:
        text = _UNCLOSED_CALL.sub("", _strip_json(text))
        text = _EMPTY_FENCE.sub("", text)
    text = "" if _PYTHONIC.fullmatch(text.strip()) else text
    return _CALL_LABEL.sub("", text)


def _strip_json(text: str) -> str:
    decoder, kept, position = json.JSONDecoder(), [], 0
    at = text.find("{")
    for _ in range(_MAX_OBJECTS):
        if at < 0:
            break
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        if _is_call(value):
            kept.append(
                text[position:at].removesuffix("[")
                if text[end : end + 1] in {"]", ","}
                else text[position:at]
            )
            position = end + 1 if text[end : end + 1] in {"]", ","} else end
        at = text.find("{", end)
    return "".join((*kept, text[position:])) if kept else text


def _is_call(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    keys = value.keys()
    if keys & _TRACE_KEYS:
        return True
    if value.get("type") in {"function", "tool_use", "tool_call"} and keys & {"function", "name"}:
        return True
    return bool(keys & _NAME_KEYS and keys & _CALL_KEYS and len(keys) <= 5)  # noqa: PLR2004  (with id, type)


def _strip_thoughts(text: str) -> str:
    if _REACT_ACTION.search(text):
        final = list(re.finditer(r"^[ \t*#]{0,6}Final Answer[*]{0,2}[ \t]*:[*]{0,2}", text, re.MULTILINE))
        text = text[final[-1].end() :] if final else _REACT.sub("", text)
    thoughts = _THOUGHTS.search(text)
    if not thoughts:
        return text
    answers = list(_ANSWER.finditer(text, thoughts.end()))
    if answers:
        return text[: thoughts.start()] + text[answers[-1].end() :].lstrip()
    if text[: thoughts.start()].strip():
        return text  # amid an answer, without an end: a part of it
    following = _NEXT_HEADING.search(text, thoughts.end())
    return text[following.start() :] if following else ""


def _strip_turns(text: str) -> str:
    text = _PREFIX.sub("", text)
    turn = _TURN.search(text)
    if turn and _NEXT_ANSWER.search(text, turn.end()):
        text = text[: turn.start()]
    return text
