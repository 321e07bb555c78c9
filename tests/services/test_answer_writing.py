"""Answers out of entries while they are written: what is shown of them, and what is taken back."""

import json
from typing import Any

import pytest

from bot.llm.errors import ProviderUnavailable
from bot.llm.types import DoneChunk, Finish, TextChunk, Usage
from bot.models import TrainingEntry
from bot.services.answer_writing import AnswerWriting, Talk
from bot.services.training.knowledge import Candidate
from tests.llm.golden_prompts import CANARY
from tests.services.support import GUILD, NOW
from tests.services.writing_bench import system_of, user_of, writer_over
from tests.unit.llm.chain_support import Bench, ScriptedProvider, Step

LONG = " ".join(f"Step {number} of many is to look at the cable." for number in range(24))
TALK = Talk("The printer wants a reset, how?", "Ada")
TAUGHT = ((12, "How do I reset it?", "Unplug it."), (15, "It is dead", "Look at the cable."))
WHEN: dict[str, Any] = {
    "guild_id": GUILD, "created_by": 1, "created_at": NOW, "updated_by": 1, "updated_at": NOW
}  # fmt: skip
ENTRIES = tuple(
    Candidate(TrainingEntry(id=id_, answer=answer, **WHEN), asked, 0.5, is_exact=False)
    for id_, asked, answer in TAUGHT
)
HIDDEN = "topsecrettokenofthebot"  # from the gate, in `writer_over`


@pytest.fixture
def model(bench: Bench) -> ScriptedProvider:
    return bench.provider("ollama")


@pytest.fixture
def writing(bench: Bench, model: ScriptedProvider) -> AnswerWriting:
    return AnswerWriting(writer_over(bench, model), 20.0)


class Shown(list[tuple[str, tuple[int, ...]]]):
    """What was shown, one after the other."""

    async def __call__(self, text: str, used: tuple[int, ...]) -> None:
        self.append((text, used))


def grounded(answer: str = LONG, **more: Any) -> str:
    return json.dumps({"answered": True, "used": ["e2"], "answer": answer} | more)


def piece_by_piece(text: str, *end: Any) -> Step:
    """A model that writes a text in pieces of nine letters."""
    pieces = [TextChunk(text[at : at + 9]) for at in range(0, len(text), 9)]
    return Step(chunks=(*pieces, *(end or (DoneChunk(Usage(10, 5), Finish.STOP),))))


async def test_it_is_shown_as_it_comes_with_the_entries_it_rests_on(
    writing: AnswerWriting, model: ScriptedProvider
) -> None:
    model.then(piece_by_piece(grounded()))
    shown = Shown()
    made = await writing.compose(TALK, ENTRIES, GUILD, shown)
    assert made is not None
    assert (made.text, made.used) == (LONG, (15,))
    assert len(shown) > 3
    assert all(LONG.startswith(text) and used == (15,) for text, used in shown)
    assert [len(text) for text, _ in shown] == sorted(len(text) for text, _ in shown)
    [(_, prompt, _)] = model.asked
    assert prompt.schema is not None
    assert list(prompt.schema["properties"]) == ["answered", "used", "answer"]
    assert "its names in this order" in system_of(prompt)
    assert "> Answer: Look at the cable." in user_of(prompt)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (json.dumps({"answer": LONG, "used": ["e1"], "answered": True}), LONG),
        (json.dumps({"answered": True, "answer": LONG, "used": ["e1"]}), LONG),
        (grounded(answered=False), None),
        (grounded(used=[]), None),
        (grounded(used=["e2", "e9"]), None),
        (grounded(answered=1), None),
        (grounded(used="e2"), None),
    ],
    ids=[
        "the entries last",
        "the entries behind it",
        "no answer",
        "no entry",
        "an unknown one",
        "1",
        "a text",
    ],
)
async def test_nothing_is_shown_before_it_named_entries_it_was_given(
    writing: AnswerWriting, model: ScriptedProvider, said: str, text: str | None
) -> None:
    model.then(piece_by_piece(said), Step(said))
    shown = Shown()
    made = await writing.compose(TALK, ENTRIES, GUILD, shown)
    assert (made.text if made else None) == text
    assert shown == []


@pytest.mark.parametrize("leak", [HIDDEN, CANARY, HIDDEN[::-1]], ids=["a secret", "the mark", "backwards"])
async def test_what_gives_something_away_is_taken_back_and_never_shown(
    writing: AnswerWriting, model: ScriptedProvider, leak: str
) -> None:
    model.then(piece_by_piece(grounded(f"{LONG} {leak} {LONG}"[:1_900])))
    shown = Shown()
    assert await writing.compose(TALK, ENTRIES, GUILD, shown) is None
    assert shown
    assert all(LONG.startswith(text) for text, _ in shown)


async def test_a_leak_in_escapes_is_seen_as_what_it_says(
    writing: AnswerWriting, model: ScriptedProvider
) -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in HIDDEN)
    model.then(piece_by_piece(grounded(f"@@ {LONG}").replace("@@", escaped)))
    shown = Shown()
    assert await writing.compose(TALK, ENTRIES, GUILD, shown) is None
    assert shown == []


async def test_mentions_ping_nobody_while_it_grows(writing: AnswerWriting, model: ScriptedProvider) -> None:
    model.then(piece_by_piece(grounded(f"Ask @everyone or <@123456789012345678>. {LONG}")))
    shown = Shown()
    made = await writing.compose(TALK, ENTRIES, GUILD, shown)
    assert made is not None
    for text in (made.text, *(text for text, _ in shown)):
        assert "@everyone" not in text
        assert "<@" not in text
    assert shown


async def test_one_that_breaks_off_is_asked_for_again_as_a_whole(
    writing: AnswerWriting, model: ScriptedProvider
) -> None:
    cut = piece_by_piece(grounded()[:-300], ProviderUnavailable("gone"))
    model.then(cut, Step(grounded("Unplug it.", used=["e1"])))
    shown = Shown()
    made = await writing.compose(TALK, ENTRIES, GUILD, shown)
    assert shown
    assert made is not None
    assert (made.text, made.used) == ("Unplug it.", (12,))


@pytest.mark.parametrize(
    "said",
    [
        grounded()[:-1] + ', "answer": "Another one."}',
        grounded()[:-1] + ', "note": "so it is"}',
        grounded() + " That is all.",
        grounded()[:-1],
    ],
    ids=["told twice", "one name more", "words behind", "no end"],
)
async def test_one_that_does_not_fit_is_told_why_and_replaced(
    writing: AnswerWriting, model: ScriptedProvider, said: str
) -> None:
    model.then(piece_by_piece(said), Step(grounded("Unplug it.", used=["e1"])))
    shown = Shown()
    made = await writing.compose(TALK, ENTRIES, GUILD, shown)
    assert made is not None
    assert (made.text, made.used) == ("Unplug it.", (12,))
    again = model.asked[-1][1].messages
    assert again[-1].text.startswith("That answer can't be used:")


async def test_where_the_second_try_fails_too_there_is_no_answer(
    writing: AnswerWriting, model: ScriptedProvider
) -> None:
    model.then(piece_by_piece(grounded()[:-1]), Step("no JSON"))
    shown = Shown()
    assert await writing.compose(TALK, ENTRIES, GUILD, shown) is None
    assert shown


async def test_without_a_model_that_answers_there_is_none(
    writing: AnswerWriting, model: ScriptedProvider
) -> None:
    model.then(Step(error=ProviderUnavailable("start it")))
    shown = Shown()
    assert await writing.compose(TALK, ENTRIES, GUILD, shown) is None
    assert (shown, len(model.asked)) == ([], 1)
