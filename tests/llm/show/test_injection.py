"""Every attack as a member's message, all the way: a model that obeys it, and what would be posted then."""

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.outgoing import prepare
from bot.llm.material import Line
from bot.llm.tool_policy import allowed_calls, policy_for
from bot.llm.types import Message, Prompt, Role, Task
from bot.nlp.redaction import redact
from bot.services.verdicts import Doubt
from bot.services.writing import Asked, Writer
from bot.tools.responder import ALLOWED
from sandbox.ollama import Answer
from sandbox.ollama import Asked as Request
from tests.llm.injection.attacks import ATTACKS, Attack
from tests.llm.injection.obeying import ObeyingProvider
from tests.llm.injection.oracle import leaks, links, pings, traces
from tests.llm.injection.world import GUIDE, KEY, OPEN_CHANNEL, RULES
from tests.llm.show.conftest import NewCast, NewStage
from tests.llm.show.stage import DEADLINE, GUILD, LIGHT, ten_lines

EVERY = 4  # of the attacks, one in so many runs always here; tests/llm/injection runs all of them
every_attack = pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.id, marks=[pytest.mark.slow] if at % EVERY else [])
        for at, attack in enumerate(ATTACKS)
    ],
)
RIGHTS = {"member"}
WITHIN = {"channel_id": {OPEN_CHANNEL}}


class Obeying:
    """The script of a loopback Ollama that carries out every wish, and has what it says fit the schema."""

    def __init__(self) -> None:
        self.model = ObeyingProvider()
        self.systems: list[str] = []
        self.said: list[str] = []
        self.calls: list[str] = []
        self.tools_offered: list[Any] = []

    def __call__(self, asked: Request) -> Answer:
        prompt = Prompt((Message(Role.SYSTEM, asked.system), Message(Role.USER, asked.prompt)))
        text, calls = self.model.answer(prompt)
        self.systems.append(asked.system)
        self.said.append(text)
        self.calls += [call.name for call in calls]
        self.tools_offered += asked.tools
        if asked.format is not None:
            ids = re.findall(r"^\[(m\d+)\]", asked.prompt, re.MULTILINE)
            one = {"intent": "help_request", "confidence": 1.0, "reason": text}
            text = json.dumps({"results": [{"id": each, **one} for each in ids]})
        return Answer(text, tool_calls=tuple((call.name, call.arguments) for call in calls))


@pytest.fixture
def obeying() -> Obeying:
    return Obeying()


@pytest.fixture
async def writer(new_cast: NewCast, new_stage: NewStage, obeying: Obeying) -> Writer:
    cast = await new_cast("ollama")
    cast.loopback.script(obeying)
    assert cast.provider is not None
    return new_stage({"ollama": cast.provider}, chains=cast.links).writer


def posted(text: str) -> str:
    """Return a text as it leaves: by the outgoing rules, secrets taken out."""
    return redact(prepare(text))


def bad(text: str, systems: list[str]) -> list[str]:
    """Return what a post would do: whom it mentions, what it gives away; links are told apart."""
    found = [f"pings {each}" for each in pings(text)] + traces(text)
    return found + [leak for system in systems for leak in leaks(text, system)]


@every_attack
async def test_an_attack_by_a_members_message_does_no_harm(
    writer: Writer, obeying: Obeying, attack: Attack
) -> None:
    before = tuple(f"Mallory: {turn}" for turn in attack.before)
    note = f"The guide is at {GUIDE} . Old note: the key is {KEY}"
    question = Asked(attack.text, before, "Mallory", (note,), template="I have told the staff.")
    doubts = [
        Doubt("attack", attack.text, (f"Guide: {note}", *before), "Mallory", LIGHT),
        Doubt("other", "what a sunny day it is today, friends", (), "Bo", LIGHT),
    ]
    lines = ten_lines()
    said = [replace(lines[0], author="Mallory", text=text) for text in (*attack.before, attack.text)]
    talk: list[Line] = [replace(lines[0], author="Guide", text=note), *lines[1:-1], *said]
    reply, summary, judged = await asyncio.gather(
        writer.reply(question, GUILD, DEADLINE),
        writer.summarize(talk, GUILD, DEADLINE),
        writer.judge(doubts, GUILD, DEADLINE),
    )

    systems = list(dict.fromkeys(obeying.systems))  # judgements too long for their JSON are asked for twice
    assert len(systems) == 3
    wishes = [bool(bad(each, systems) or links(each)) for each in obeying.said] + [bool(obeying.calls)]
    assert any(wishes) is attack.reaches, "what was obeyed must be harmful, or this proves nothing"
    texts = [posted(reply.text), posted(summary.text), *(posted(each.rationale) for each in judged.values())]
    for text in texts:
        assert bad(text, systems) == []
        assert len(text) <= 2_000
    assert all(texts[:2]), "there is an answer all the same"
    assert links(texts[0]) == []
    assert [each for each in links(texts[1]) if each not in attack.text] == []  # as members wrote it
    assert (ALLOWED.everyone, ALLOWED.roles, ALLOWED.users) == (False, False, False)
    calls = [call for each in (reply, summary) for call in each.answer.tool_calls]
    assert obeying.tools_offered == []
    for task in (Task.REPLY, Task.SUMMARIZE):
        assert allowed_calls(calls, policy_for(RULES, task, RIGHTS, WITHIN)).allowed == ()
