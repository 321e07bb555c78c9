"""Answers that fit a schema: validated, never guessed at."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from bot.llm.errors import BadOutput
from bot.llm.types import Message, Prompt, Role

_FENCED = re.compile(r"```(?:json)?[ \t]*\r?\n(.*?)\r?\n?```", re.DOTALL)
LONGEST_ECHO = 4_000  # characters of an answer that are shown to the model again
MAX_PROBLEMS = 5  # told of at once


class Unfit(BadOutput):
    """Its answer does not fit the schema; `problem` may quote the answer, so only the model is shown it."""

    def __init__(self, problem: str) -> None:
        super().__init__("its answer does not fit the schema: try a larger model for this task")
        self.problem = problem


def parse(text: str, model: type[BaseModel]) -> BaseModel:
    """Return what `text` holds: JSON and nothing else, at most in one code fence.

    Raises:
        Unfit: anything else.
    """
    text = text.strip()
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    try:
        json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_twins)
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise Unfit(_problems(error)) from None
    except RecursionError:
        raise Unfit("it is nested too deeply") from None
    except ValueError as error:
        raise Unfit(f"it is not JSON: {error}") from None


def with_schema(prompt: Prompt, model: type[BaseModel]) -> Prompt:
    """Return `prompt` with the schema that `model` is of."""
    return replace(prompt, schema=model.model_json_schema())


def spelled_out(prompt: Prompt) -> Prompt:
    """Return `prompt` with its schema said in words, for a model that can't be held to one."""
    words = (
        "Answer with one JSON object and nothing else: no words before or after it, no code fence. "
        f"It must fit this JSON schema:\n{json.dumps(prompt.schema, ensure_ascii=False)}"
    )
    messages = list(prompt.messages)
    place = next((i for i, each in enumerate(messages) if each.role is not Role.SYSTEM), len(messages))
    messages.insert(place, Message(Role.SYSTEM, words))
    return replace(prompt, messages=tuple(messages), schema=None)


def for_repair(prompt: Prompt, text: str, problem: str) -> Prompt:
    """Return `prompt` with the answer `text` that did not fit and why, to be answered again."""
    again = (
        f"That answer can't be used: {problem}\nAnswer again with JSON that fits the schema and nothing else."
    )
    told: Sequence[Message] = (
        Message(Role.ASSISTANT, text[:LONGEST_ECHO] or "(nothing)"),
        Message(Role.USER, again),
    )
    return replace(prompt, messages=(*prompt.messages, *told))


def _problems(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    told = [
        f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in found[:MAX_PROBLEMS]
    ]
    return "; ".join(told)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands there twice: which of its values is meant would be a guess."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found
