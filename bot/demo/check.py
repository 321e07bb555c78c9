"""Judges a played conversation by the sandbox's own record and the admin API."""

import asyncio
import time
from collections.abc import Iterator
from typing import NamedTuple

from bot.demo.children import tail
from bot.demo.language import MARK, Words
from bot.demo.links import Json
from bot.demo.notes import NOTES_LOG
from bot.demo.player import Played
from bot.demo.script import Conversation, Deletion, Edit, Outcome
from bot.demo.stage import Stage

TIMES = ("created", "ingested")
TIMES_OF_FLAGGED = (*TIMES, "observed", "decided", "finished")
STATUSES = {Outcome.ANSWERED: "responded", Outcome.ESCALATED: "escalated", Outcome.QUIET: "skipped"}
NOTE_SECONDS = 10.0
LOOK_SECONDS = 0.05
SHORT = 48  # characters of a quoted message


class Verdict(NamedTuple):
    """One expectation, and what is wrong when it doesn't hold."""

    text: str
    wrong: list[str]


class Evidence(NamedTuple):
    """What there is to judge from."""

    entries: list[Json]  # the sandbox's record
    stories: dict[int, Json | None]  # at the end, by message
    ingested: float  # the bot's own count
    notes: dict[int, Json]  # beside the messages in the chat page


async def gather(stage: Stage, said: list[Played]) -> Evidence:
    """Ask both sides, at the end."""
    ids = [*stage.before, *(played.message_id for played in said)]
    stories = {message_id: await stage.admin.story(message_id) for message_id in ids}
    counted = await stage.admin.counter("signals_ingested_total")
    return Evidence(await stage.control.record(), stories, counted, await _noted(stage, said))


async def _noted(stage: Stage, said: list[Played]) -> dict[int, Json]:
    """Return the notes as their authors' pages get them, once those of flagged messages are complete."""
    flagged = {played.message_id for played in said if played.line.expected.intent != "other"}
    deadline = time.monotonic() + NOTE_SECONDS
    while True:
        notes: dict[int, Json] = {}
        for author, place in sorted({(played.line.author, played.place_id) for played in said}):
            shown = await stage.control.call("screen", user=author, channel=place)
            notes |= {int(each["id"]): each["note"] for each in shown if "note" in each}
        complete = {each for each in flagged & set(notes) if ["stage", "done"] in notes[each]["rows"]}
        if complete == flagged or time.monotonic() > deadline:
            return notes
        await asyncio.sleep(LOOK_SECONDS)


def judge(stage: Stage, said: list[Played], evidence: Evidence) -> list[Verdict]:
    """Return every expectation about what happened while the bot ran."""
    return [
        _connected(evidence),
        *panel(stage, evidence.entries),
        _stored_once(stage, said, evidence),
        *(_line(stage, played, evidence) for played in said),
        *_changes(stage.conversation, said, evidence),
        _nothing_else_said(stage, said, evidence),
        _audit(said, evidence),
        *_words(stage, said, evidence),
        _notes(said, evidence),
    ]


def judge_end(stage: Stage) -> list[Verdict]:
    """Return the expectations about the log and how the children ended; call it when they have."""
    logs = (
        stage.error_log,
        stage.folder / "sandbox.log",
        stage.folder / "ollama.log",
        stage.folder / NOTES_LOG,
    )
    errors = [line for log in logs for line in tail(log, 3)]
    verdicts = [Verdict("no error logged", errors)]
    for name, (code, seconds) in stage.exit_codes.items():
        verdicts.append(
            Verdict(f"{name} ended cleanly, in {seconds:.1f} s", [f"exit code {code}"] if code else [])
        )
    return verdicts


def _connected(evidence: Evidence) -> Verdict:
    events = [entry["event"] for entry in evidence.entries if entry["kind"] == "connection"]
    wrong = [] if events.count("ready") == 1 else [f"the gateway saw {', '.join(events) or 'nobody'}"]
    return Verdict(
        "the bot connected, and stayed connected", wrong + (["it was dropped"] if "closed" in events else [])
    )


def _stored_once(stage: Stage, said: list[Played], evidence: Evidence) -> Verdict:
    seen = [played.message_id for played in said if played.line.expected.outcome is not Outcome.UNSEEN]
    lost = [f"message {each} is missing" for each in seen if evidence.stories[each] is None]
    early = [f"message {each} was there before the bot" for each in stage.before if evidence.stories[each]]
    counted = [] if evidence.ingested == len(seen) else [f"the bot counted {evidence.ingested:.0f}"]
    return Verdict(f"each of {len(seen)} messages stored once", lost + early + counted)


def _line(stage: Stage, played: Played, evidence: Evidence) -> Verdict:
    line, expected = played.line, played.line.expected
    quoted = line.text if len(line.text) <= SHORT else line.text[: SHORT - 1] + "…"
    text = f"{line.about}: {_as_words(expected.outcome)} (#{line.place}, {line.author}: {quoted})"
    story = evidence.stories[played.message_id]
    wrong = list(_replies(stage, played, evidence))
    if expected.outcome is Outcome.UNSEEN:
        return Verdict(text, wrong + (["it was stored"] if story else []))
    if played.story is None or story is None:
        return Verdict(text, [*wrong, "it was not stored"])
    return Verdict(text, wrong + list(_labels(played, played.story)))


def _as_words(outcome: Outcome) -> str:
    return {
        Outcome.UNSEEN: "not observed",
        Outcome.QUIET: "left alone",
        Outcome.ANSWERED: "answered",
        Outcome.ESCALATED: "handed to the staff",
    }[outcome]


def _labels(played: Played, story: Json) -> Iterator[str]:
    expected, tags = played.line.expected, story["nano_tags"]
    wanted = [
        ("intent", story["observer"]["intent"], expected.intent),
        ("purpose", tags["purpose"], expected.purpose),
        ("sentiment", tags["sentiment"], expected.sentiment),
        ("urgency", tags["urgency"], expected.urgency),
        ("status", story["orchestrator"]["status"], STATUSES[expected.outcome]),
        ("reason", story["orchestrator"]["reason"], expected.reason),
        ("stage", story["stage"], "done"),
    ]
    for name, found, value in wanted:
        if value is not None and found != value:
            yield f"{name} is {found}, not {value}"
    if expected.hidden and expected.hidden in str(story):
        yield "the secret was stored"


def _replies(stage: Stage, played: Played, evidence: Evidence) -> Iterator[str]:
    """Yield what is wrong with the bot's messages about this one, as the sandbox recorded them."""
    expected = played.line.expected
    outcome = expected.outcome
    own = _own_messages(stage, evidence)
    replies = [entry for entry in own if entry["reference"] == played.message_id]
    wanted = 1 if outcome in (Outcome.ANSWERED, Outcome.ESCALATED) else 0
    if len(replies) != wanted:
        yield f"{len(replies)} replies, not {wanted}"
    if any(entry["channel_id"] != played.place_id for entry in replies):
        yield "answered in another channel"
    staff = stage.places.get(stage.conversation.staff_channel)
    alerts = [
        entry for entry in own if entry["channel_id"] == staff and str(played.message_id) in entry["content"]
    ]
    if len(alerts) != (outcome is Outcome.ESCALATED):
        yield f"{len(alerts)} messages to the staff"
    warnings = [entry for entry in own if expected.hidden and entry["guild_id"] is None]
    if len(warnings) != bool(expected.hidden):
        yield f"{len(warnings)} private warnings"
    if any(expected.hidden in entry["content"] for entry in warnings):
        yield "the warning quotes the secret"
    actions = {int(action["message_id"] or 0) for action in (played.story or {"actions": ()})["actions"]}
    if actions != {entry["message_id"] for entry in replies + alerts}:
        yield "the audit names other messages than were sent"


def _own_messages(stage: Stage, evidence: Evidence) -> list[Json]:
    """Return what the bot posted, answers to commands and the tickets' panel left out."""
    panel = _panel_channel(stage)
    return [
        entry
        for entry in evidence.entries
        if entry["kind"] == "message"
        and entry["author_id"] == stage.bot_id
        and entry["channel_id"] != panel
        and not entry["interaction_id"]
    ]


def _panel_channel(stage: Stage) -> int | None:
    desk = stage.conversation.desk
    return stage.places[desk.panel] if desk else None


def panel(stage: Stage, entries: list[Json]) -> Iterator[Verdict]:
    """Yield whether the panel that opens tickets is there, where there is to be one."""
    channel = _panel_channel(stage)
    if channel is None:
        return
    authors = [
        entry["author_id"]
        for entry in entries
        if entry["kind"] == "message" and entry["channel_id"] == channel and not entry["interaction_id"]
    ]
    wrong = [] if authors == [stage.bot_id] else [f"{len(authors)} messages in its channel"]
    yield Verdict("the panel that opens tickets is posted once", wrong)


def _changes(conversation: Conversation, said: list[Played], evidence: Evidence) -> Iterator[Verdict]:
    by_key = {played.line.key: played for played in said if played.line.key}
    for step in conversation.steps:
        if isinstance(step, Edit):
            message = (evidence.stories[by_key[step.key].message_id] or {}).get("message", {})
            found = message.get("content")
            yield Verdict(step.about, [] if found == step.text else [f"stored is {found!r}"])
        elif isinstance(step, Deletion):
            story = evidence.stories[by_key[step.key].message_id] or {}
            erased = story.get("deleted") and not story["message"]["content"]
            yield Verdict(step.about, [] if erased else ["the text is still there"])


def _nothing_else_said(stage: Stage, said: list[Played], evidence: Evidence) -> Verdict:
    outcomes = [played.line.expected.outcome for played in said]
    # An escalated message is answered and passed on; who posts a secret is warned in private.
    wanted = outcomes.count(Outcome.ANSWERED) + 2 * outcomes.count(Outcome.ESCALATED)
    wanted += sum(bool(played.line.expected.hidden) for played in said)
    found = len(_own_messages(stage, evidence))
    return Verdict(
        f"the bot said {wanted} things and nothing else", [] if found == wanted else [f"it said {found}"]
    )


def _words(stage: Stage, said: list[Played], evidence: Evidence) -> Iterator[Verdict]:
    if stage.words is not Words.SCRIPTED:
        return
    answered = {played.message_id for played in said if played.line.expected.outcome is Outcome.ANSWERED}
    texts = [entry["content"] for entry in _own_messages(stage, evidence) if entry["reference"] in answered]
    silent = [text for text in texts if not text.startswith(MARK)]
    yield Verdict(
        f"each of {len(texts)} answers says that its words are scripted",
        [f"{text!r} doesn't" for text in silent] or ([] if texts else ["there are none"]),
    )


def _audit(said: list[Played], evidence: Evidence) -> Verdict:
    wrong = []
    for played in said:
        story = evidence.stories[played.message_id]
        if story is not None:
            wrong += [f"message {played.message_id} lacks {name}" for name in _lacking(story)]
    return Verdict("the audit of every message is complete", wrong)


def _notes(said: list[Played], evidence: Evidence) -> Verdict:
    flagged = [played for played in said if played.line.expected.intent != "other"]
    unseen = [played for played in said if played.line.expected.outcome is Outcome.UNSEEN]
    wrong = []
    for played in flagged:
        expected, note = played.line.expected, evidence.notes.get(played.message_id)
        rows = dict(note["rows"]) if note else {}
        wanted = [expected.intent.replace("_", " "), expected.reason or "", "done"]
        found = [rows.get("intent", ""), rows.get("plan", ""), rows.get("stage", "")]
        if not all(part in text for part, text in zip(wanted, found, strict=True)):
            wrong.append(f"message {played.message_id} has the note {note}")
    titles = {evidence.notes.get(played.message_id, {}).get("title", "not observed") for played in unseen}
    if titles - {"not observed"}:
        wrong.append(f"what the bot doesn't see is noted as {', '.join(titles)}")
    return Verdict(f"each of {len(flagged)} flagged messages has its note in the chat page", wrong)


def _lacking(story: Json) -> Iterator[str]:
    flagged = story["observer"]["intent"] != "other"
    needed = TIMES_OF_FLAGGED if flagged else TIMES
    yield from (f"the time {name}" for name in needed if not story["times"][name])
    if flagged and not (story["orchestrator"]["plan"] and story["orchestrator"]["reason"]):
        yield "plan or reason"
    if flagged and not (story["observer"]["rationale"] or story["deleted"]):
        yield "a rationale"
    ids = [str(action["id"]) for action in story["actions"]]
    if ids != [str(each) for each in story["orchestrator"]["action_ids"]]:
        yield "its actions' ids"
    for action in story["actions"]:
        if not all(action[name] for name in ("message_id", "nonce", "content", "channel_id", "finished_at")):
            yield f"parts of action {action['id']}"
