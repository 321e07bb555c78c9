"""What the demo's check finds wrong with a day, and what it says of one that went well."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.demo.check import Evidence, judge, panel
from bot.demo.player import Played
from bot.demo.script import Conversation, Expected, Line, Outcome, Person, Place
from bot.demo.stage import Stage
from bot.demo.story import STORY
from bot.demo.wording import note_of

BOT, MESSAGE, REPLY, HELP, OTHER = 1, 10, 20, 100, 200


def story_of(**changes: Any) -> dict[str, Any]:
    times = dict.fromkeys(("created", "ingested", "observed", "decided", "finished"), "2026-03-01T12:00:00Z")
    action = {"id": "1", "message_id": str(REPLY), "nonce": "n", "content": "c", "channel_id": "100"}
    return {
        "stage": "done",
        "deleted": False,
        "message": {"content": "please help"},
        "nano_tags": {"purpose": "support", "sentiment": "neu", "urgency": "low", "toxicity": 0.0},
        "observer": {"intent": "help_request", "confidence": 0.9, "rationale": "asks"},
        "orchestrator": {
            "status": "responded",
            "plan": "reply",
            "reason": "help request",
            "action_ids": ["1"],
        },
        "actions": [action | {"finished_at": "2026-03-01T12:00:00Z"}],
        "times": times,
    } | changes


def posted(message_id: int, author: int, channel: int = HELP, reference: int | None = None) -> dict[str, Any]:
    return {
        "kind": "message",
        "message_id": message_id,
        "author_id": author,
        "channel_id": channel,
        "reference": reference,
        "content": "",
        "interaction_id": None,
    }


def test_a_question_in_a_ticket_is_not_called_left_alone() -> None:
    quiet = {"status": "skipped", "plan": "noop", "reason": "in a ticket", "action_ids": []}
    message = {"content": "please help", "thread_id": None, "channel_id": str(HELP)}
    story = story_of(orchestrator=quiet, actions=[], message=message, language="en")
    note = note_of(story, {HELP: "#help"}, "please help")
    assert note["title"] == "help request: in a ticket"


def test_the_panel_of_tickets_is_posted_once() -> None:
    stage = Stage(STORY, Path())
    stage.bot_id, stage.places = BOT, {"open-a-ticket": HELP}
    for posts, wrong in ((1, []), (0, ["0 messages in its channel"]), (2, ["2 messages in its channel"])):
        [verdict] = panel(stage, [posted(number, BOT) for number in range(posts)])
        assert verdict.wrong == wrong


Fault = Callable[[dict[str, Any]], None]


def judged(tmp_path: Path, fault: Fault) -> list[str]:
    """Return what is wrong with a day on which one request was answered, after `fault` changed it."""
    line = Line(
        "ada", "help", "please help", Expected(Outcome.ANSWERED, "help_request", "support"), "a request"
    )
    conversation = Conversation(
        "G", Person("o", "O"), (Person("ada", "Ada"),), (Place("help"),), steps=(line,)
    )
    stage = Stage(conversation, tmp_path)
    stage.bot_id, stage.places = BOT, {"help": HELP}
    day: dict[str, Any] = {
        "entries": [
            {"kind": "connection", "event": "ready"},
            posted(MESSAGE, 5),
            posted(REPLY, BOT, HELP, MESSAGE),
        ],
        "story": story_of(),
        "ingested": 1.0,
        "notes": {MESSAGE: {"rows": [["intent", "help request"], ["plan", "answer"], ["stage", "done"]]}},
    }
    fault(day)
    played = Played(line, MESSAGE, HELP, day["story"])
    evidence = Evidence(day["entries"], {MESSAGE: day["story"]}, day["ingested"], day["notes"])
    return [
        f"{verdict.text}: {wrong}" for verdict in judge(stage, [played], evidence) for wrong in verdict.wrong
    ]


def test_a_good_day_has_nothing_wrong(tmp_path: Path) -> None:
    assert judged(tmp_path, lambda day: None) == []


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        pytest.param(lambda day: day["entries"].pop(), "0 replies, not 1", id="no reply"),
        pytest.param(
            lambda day: day["entries"].append(posted(21, BOT, HELP, MESSAGE)),
            "2 replies, not 1",
            id="second reply",
        ),
        pytest.param(
            lambda day: day["entries"][2].update(channel_id=OTHER), "answered in another", id="other channel"
        ),
        pytest.param(
            lambda day: day["entries"].append(posted(22, BOT)), "nothing else: it said 2", id="unasked"
        ),
        pytest.param(lambda day: day.update(story=None), "it was not stored", id="lost"),
        pytest.param(lambda day: day.update(ingested=2.0), "the bot counted 2", id="stored twice"),
        pytest.param(
            lambda day: day["story"]["observer"].update(intent="other"),
            "intent is other, not help_request",
            id="intent",
        ),
        pytest.param(
            lambda day: day["story"]["nano_tags"].update(purpose="spam"),
            "purpose is spam, not support",
            id="tags",
        ),
        pytest.param(
            lambda day: day["story"]["times"].update(decided=None), "lacks the time decided", id="no time"
        ),
        pytest.param(
            lambda day: day["story"]["orchestrator"].update(action_ids=[]),
            "lacks its actions' ids",
            id="no ids",
        ),
        pytest.param(
            lambda day: day["story"]["actions"][0].update(nonce=""), "parts of action 1", id="no nonce"
        ),
        pytest.param(
            lambda day: day["story"]["actions"][0].update(message_id="99"),
            "names other messages",
            id="wrong audit",
        ),
        pytest.param(lambda day: day["entries"].pop(0), "the gateway saw nobody", id="not connected"),
        pytest.param(
            lambda day: day["entries"].append({"kind": "connection", "event": "closed"}),
            "dropped",
            id="dropped",
        ),
        pytest.param(lambda day: day["notes"].clear(), "has the note None", id="no note"),
        pytest.param(
            lambda day: day["notes"][MESSAGE]["rows"].pop(), "has the note {'rows'", id="unfinished note"
        ),
    ],
)
def test_the_check_finds(tmp_path: Path, fault: Fault, complaint: str) -> None:
    assert any(complaint in wrong for wrong in judged(tmp_path, fault))
