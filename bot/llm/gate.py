"""The output gate: what a model says on its way out. Nothing it writes reaches Discord but through here.

It cleans what can be cleaned (thinking, tool calls, mentions, links, length) and refuses what can't: an
answer that gives away a secret, the system prompt or the fence. It can't tell a paraphrase or a translation
of the prompt, nor a secret that is told letter by letter in prose; so no prompt holds a secret in the first
place.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from bot.domain.outgoing import defuse_mentions
from bot.llm.fence import safe_name
from bot.llm.leaks import Leak, LeakFinder, is_ordinary
from bot.llm.links import LinkRule, links_of
from bot.llm.traces import strip_traces
from bot.llm.types import Prompt, Role
from bot.llm.visible import visible

MAX_RAW: Final = 16_000  # characters read of an answer
DISCORD_LIMIT: Final = 2_000  # characters of a message
MARGIN: Final = 200  # within which of the limit a long answer is cut, at the end of a word or line
_SHORTEST_SECRET: Final = 8  # characters
_ROUNDS: Final = 4  # taking one thing out may put another together
_ELLIPSIS: Final = "…"
_CLOSING: Final = "\n```"
_MENTION: Final = re.compile(r"<@(?P<kind>[!&]?)(?P<id>[0-9]{1,20})>")
_FENCE: Final = re.compile(r"<<<(?:DATA|END) (\w{8,64})>>>")


class Reason(StrEnum):
    """Why an answer is not shown."""

    EMPTY = "empty"  # nothing was left of it
    SECRET = "secret"  # noqa: S105  (a word for the reason)
    PROMPT = "prompt"
    FENCE = "fence"
    UNSTABLE = "unstable"  # made to change with every cleaning
    CHANGED = "changed"  # what came later changes what was already shown


@dataclass(frozen=True, slots=True)
class Passed:
    """An answer as it may be posted, with no mentions allowed."""

    text: str
    changed: bool = False  # something was taken out or cut
    capped: bool = False  # it was too long


@dataclass(frozen=True, slots=True)
class Blocked:
    """An answer that may not be posted. The next provider may have a better one."""

    reason: Reason


Verdict = Passed | Blocked
_LEAKS: Final = {Leak.SECRET: Reason.SECRET, Leak.PROMPT: Reason.PROMPT, Leak.FENCE: Reason.FENCE}


class OutputGate:
    """Judges answers. One for all prompts; pure, but for the patterns it is made with."""

    def __init__(
        self,
        secrets: Collection[str],
        canary: str,
        *,
        redact: Callable[[str], str] | None = None,
        links: LinkRule | None = None,
        limit: int = DISCORD_LIMIT,
        own_texts: Collection[str] = (),
    ) -> None:
        """Make a gate.

        Args:
            secrets: the bot's own: tokens, keys, passwords; twelve characters of one in a row are refused, a
                shorter one as a whole.
            canary: the private mark in every system prompt.
            redact: takes secrets of known forms out of a text; an answer it would change is refused.
            links: which may stay.
            limit: characters of an answer.
            own_texts: what the bot says itself: a secret that is no more than a word of it is none.
        """
        own = "\n".join(own_texts)
        self._secrets = tuple(each for each in secrets if each and not is_ordinary(each, own))
        self._canary = canary
        self._redact = redact
        self._links = links or LinkRule()
        self.limit = limit

    def check(self, text: str, prompt: Prompt, names: Mapping[int, str] | None = None) -> Verdict:
        """Return `text` as it may be shown, or why it may not.

        Args:
            text: a model's whole answer.
            prompt: what was asked: its system part must not be repeated, its links may be.
            names: of users and roles, for mentions.
        """
        return self.examiner(prompt, names).check(text)

    def examiner(self, prompt: Prompt, names: Mapping[int, str] | None = None) -> "Examiner":
        """Return what judges answers to one prompt, for when there are several, as in a stream."""
        system = "\n".join(message.text for message in prompt.messages if message.role is Role.SYSTEM)
        nonces = {nonce for message in prompt.messages for nonce in _FENCE.findall(message.text)}
        planted = (found for message in prompt.messages for found in self._secrets_in(message.text))
        # What the model is told in any case, such as the bot's name, gives nothing away.
        secrets = [each for each in self._secrets if not is_ordinary(each, system)]
        finder = LeakFinder((*secrets, *planted), system, (*nonces, self._canary), self._redact)
        known = links_of(message.text for message in prompt.messages)
        return Examiner(finder, partial(self._links.apply, known=known), names or {}, self.limit)

    def _secrets_in(self, text: str) -> list[str]:
        """Return the secrets of known forms in what was asked, to know them in any disguise."""
        redacted = self._redact(text) if self._redact else text
        if redacted == text:
            return []
        return [word for word in text.split() if len(word) >= _SHORTEST_SECRET and word not in redacted]


class Examiner:
    """Judges answers to one prompt."""

    def __init__(
        self, finder: LeakFinder, links: Callable[[str], str], names: Mapping[int, str], limit: int
    ) -> None:
        self._finder = finder
        self._links = links
        self._names = names
        self.limit = limit

    def check(self, text: str) -> Verdict:
        """Return `text` as it may be shown, or why it may not."""
        verdict = self.clean(text)
        return verdict if isinstance(verdict, Blocked) else (self.leak(verdict.text) or verdict)

    def clean(self, text: str) -> Verdict:
        """Return `text` with all taken out that can be; what it gives away is not looked for."""
        cleaned, capped = text[:MAX_RAW], False
        for _ in range(_ROUNDS):
            before = cleaned
            cleaned = strip_traces(visible(before))
            cleaned = self._mentions(self._links(cleaned)).strip()
            if len(cleaned) > self.limit:
                cleaned, capped = _cut(cleaned, self.limit), True
            if cleaned == before:
                break
        else:
            return Blocked(Reason.UNSTABLE)
        if not any(character.isalnum() or not character.isascii() for character in cleaned):
            return Blocked(Reason.EMPTY)
        return Passed(cleaned, cleaned != text.strip(), capped)

    def leak(self, text: str) -> Blocked | None:
        """Return the refusal of `text` when it gives something away."""
        found = self._finder.find(text)
        return Blocked(_LEAKS[found]) if found else None

    def _mentions(self, text: str) -> str:
        """Return `text` with names for mentions; channels stay, since they ping nobody."""

        def named(match: re.Match[str]) -> str:
            name = self._names.get(int(match["id"]))
            return f"@{safe_name(name)}" if name else ("@role" if match["kind"] == "&" else "@user")

        return defuse_mentions(_MENTION.sub(named, text))


def _cut(text: str, limit: int) -> str:
    """Return the beginning of `text`, closing the code block it ends in."""
    room = limit - len(_ELLIPSIS) - len(_CLOSING)
    floor = max(1, limit - MARGIN)
    end = max(text.rfind("\n", floor, room), text.rfind(" ", floor, room))
    kept = text[: end if end > 0 else room].rstrip()
    return kept + _ELLIPSIS + (_CLOSING if kept.count("```") % 2 else "")
