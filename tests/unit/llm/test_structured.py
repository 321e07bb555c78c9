"""Structured answers: exact JSON, or JSON in one fence; nothing is guessed."""

from enum import StrEnum

import pytest
from pydantic import BaseModel, ConfigDict

from bot.llm.structured import Unfit, for_repair, parse
from bot.llm.types import Role
from tests.unit.llm.chain_support import PROMPT


class Mood(StrEnum):
    GOOD = "good"


class Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: list[str]
    mood: Mood = Mood.GOOD
    weight: float = 1.0


@pytest.mark.parametrize(
    "text",
    [
        '{"steps": ["a"], "mood": "good", "weight": 2}',
        ' \n{"steps": ["a"]}\n',
        '```json\n{"steps": ["a"]}\n```',
        '```\n{"steps": ["a"]}\n```\n',
        '```json\r\n{"steps": ["a"]}\r\n```',
        '```json\n{"steps": ["```\\n"]}\n```',
    ],
    ids=["all", "space", "fence", "bare fence", "windows", "fence inside"],
)
def test_exact_json_is_taken(text: str) -> None:
    assert isinstance(parse(text, Plan), Plan)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not JSON"),
        ('{"steps": ["a"', "not JSON"),
        ('Here you are: {"steps": ["a"]}', "not JSON"),
        ('{"steps": ["a"]} I hope that helps', "not JSON"),
        ('Sure!\n```json\n{"steps": ["a"]}\n```', "not JSON"),
        ('```json\n{"steps": []}\n```\n```json\n{"steps": []}\n```', "not JSON"),
        ('```yaml\n{"steps": []}\n```', "not JSON"),
        ("{'steps': ['a']}", "not JSON"),
        ('{"steps": ["a"],}', "not JSON"),
        ('{"steps": ["a"], "weight": NaN}', "NaN is no JSON value"),
        ('{"steps": ["a"], "steps": ["b"]}', "stands there twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"steps": "a"}', "steps: Input should be a valid array"),
        ('{"steps": ["a"], "weight": "2"}', "weight: Input should be a valid number"),
        ('{"steps": ["a"], "mood": "bad"}', "mood: "),
        ('{"steps": ["a"], "more": 1}', "more: Extra inputs"),
        ("[]", "the whole: "),
        ('"text"', "the whole: "),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(Unfit) as caught:
        parse(text, Plan)
    assert problem in caught.value.problem
    assert len(caught.value.problem) < 1_000
    assert "a" * 50 not in str(caught.value)


def test_a_repair_shows_a_part_of_the_answer_and_the_problem() -> None:
    prompt = for_repair(PROMPT, "x" * 10_000, "it is not JSON")
    *before, answer, question = prompt.messages
    assert tuple(before) == PROMPT.messages
    assert (answer.role, len(answer.text)) == (Role.ASSISTANT, 4_000)
    assert question.text.startswith("That answer can't be used: it is not JSON\n")
    assert for_repair(PROMPT, "", "empty").messages[-2].text == "(nothing)", "providers refuse empty turns"
