"""What is answered: by a script, else by rules that say plainly that no model wrote the words."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.ollama.models import Model
from sandbox.ollama.schema import smallest
from sandbox.scripted import Rules

_KEPT = 4  # tokens of a prompt's beginning that are never cut
SCRIPTED = "These words are scripted: this is a loopback Ollama and no model wrote them."


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to `/api/chat` or `/api/generate`, read.

    Attributes:
        prompt: the last message of the user.
        system: all system messages, by lines.
        images: of all messages, base64.
        format: a JSON schema, "json" or None.
        think: as asked, None where it wasn't.
        body: the request as it came.
    """

    path: str
    model: str
    messages: tuple[dict[str, Any], ...]
    prompt: str
    system: str
    images: tuple[str, ...]
    tools: tuple[dict[str, Any], ...]
    format: Any
    think: bool | str | None
    options: Mapping[str, Any]
    body: Mapping[str, Any]

    @classmethod
    def of(cls, path: str, model: str, body: Mapping[str, Any]) -> "Asked":
        """Return the request a body makes."""
        messages = list(body.get("messages") or [])
        if "prompt" in body or path == "/api/generate":
            said = {"role": "user", "content": body.get("prompt", ""), "images": body.get("images") or []}
            messages = ([{"role": "system", "content": body["system"]}] if body.get("system") else []) + [
                said
            ]
        users = [str(each.get("content", "")) for each in messages if each.get("role") == "user"]
        systems = [str(each.get("content", "")) for each in messages if each.get("role") == "system"]
        return cls(
            path=path,
            model=model,
            messages=tuple(messages),
            prompt=users[-1] if users else "",
            system="\n".join(systems),
            images=tuple(image for each in messages for image in each.get("images") or []),
            tools=tuple(body.get("tools") or ()),
            format=body.get("format") or None,
            think=body.get("think"),
            options=body.get("options") or {},
            body=body,
        )

    def fitted(self, num_ctx: int) -> tuple["Asked", int]:
        """Return what of it a model with this context reads, and in how many tokens.

        As Ollama does it, without a word: first whole messages are left out, the oldest first, never those of
        the system nor the last; if that isn't enough, all but the end of the prompt, to half of the context.
        """
        kept = list(self.messages)
        old = [each for each in kept[:-1] if each.get("role") != "system"]
        while _tokens(kept) > num_ctx and old:
            kept.remove(old.pop(0))
        if _tokens(kept) <= num_ctx:
            return replace(self, messages=tuple(kept)), _tokens(kept)
        limit = _KEPT + (num_ctx - _KEPT) // 2
        end = self.prompt.encode()[-limit:].decode(errors="ignore")
        return replace(self, messages=tuple(kept[-1:]), system="", prompt=end), limit


def _tokens(messages: Iterable[Mapping[str, Any]]) -> int:
    """Return about how many tokens messages have: in other scripts as many as bytes."""
    texts = [str(each.get("content", "")) for each in messages]
    plain = [len(text.encode("ascii", "ignore")) for text in texts]
    return sum(2 + len(text.encode()) - short + short // 4 for text, short in zip(texts, plain, strict=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says.

    Attributes:
        tool_calls: name and arguments of each.
        pieces: the text as it is streamed; None for word by word.
        done_reason: "stop", or "length" for an answer that was cut.
        wait: what to wait for before anything is said, such as an event's `wait`.
    """

    text: str = ""
    thinking: str = ""
    tool_calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    pieces: tuple[str, ...] | None = None
    done_reason: str = "stop"
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    wait: Callable[[], Awaitable[object]] | None = None


class Script(Rules):
    """The rules of one server, first match first."""

    async def answer(self, asked: Asked, model: Model) -> Answer:
        """Return what is said to a request."""
        said = await self.said(asked)
        if said is None:
            return by_default(asked, model)
        return said if isinstance(said, Answer) else Answer(said)


def by_default(asked: Asked, model: Model) -> Answer:
    """Return the answer when nothing is scripted: the schema's smallest instance, or words that say so."""
    thinking = "Scripted thinking." if model.thinking != "none" else ""
    if isinstance(asked.format, dict):
        return Answer(json.dumps(smallest(asked.format)), thinking)
    if asked.format == "json":
        return Answer("{}", thinking)
    return Answer(f"{SCRIPTED} {model.name} was asked {len(asked.prompt.split())} words.", thinking)


def pieces_of(text: str) -> list[str]:
    """Return a text word by word, white space before each kept."""
    return re.findall(r"\s*\S+|\s+$", text)


def limited(answer: Answer, options: Mapping[str, Any]) -> tuple[list[str], Answer]:
    """Return the pieces that `stop` and `num_predict` leave, and the answer with its reason to end."""
    pieces = list(pieces_of(answer.text) if answer.pieces is None else answer.pieces)
    stops = options.get("stop") or []
    text = "".join(pieces)
    ends = [text.find(stop) for stop in ([stops] if isinstance(stops, str) else stops) if stop in text]
    if ends:
        pieces = pieces_of(text[: min(ends)])
    limit = options.get("num_predict", -1)
    if isinstance(limit, int) and 0 <= limit < len(pieces):
        return pieces[:limit], replace(answer, done_reason="length")
    return pieces, answer
