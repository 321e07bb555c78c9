"""What came of a run: the sandbox's own record against the database, read without the bot's code."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.record import Entry
from tests.e2e.crash.road.story import ANSWERED, Kind, Story
from tests.e2e.crash.verdict import Row, Verdict, reading


@dataclass
class Stored:
    """The bot's tables at one moment."""

    signals: dict[int, Row]
    actions: list[Row]
    gaps: list[Row]
    cursors: dict[int, int | None]

    @classmethod
    def read(cls, path: Path) -> "Stored":
        """Read a database without changing it, whether or not a bot is writing to it."""
        with reading(path) as there:
            return cls(
                {row["message_id"]: row for row in there.rows("SELECT * FROM signals")},
                there.rows("SELECT * FROM actions ORDER BY id"),
                there.rows("SELECT * FROM gaps WHERE closed_at IS NULL"),
                {row["id"]: row["cursor"] for row in there.rows("SELECT id, cursor FROM channels")},
            )


@dataclass
class Heard:
    """What the sandbox recorded of one run's server."""

    texts: dict[int, str] = field(default_factory=dict)  # of members' messages that still exist
    places: dict[int, int] = field(default_factory=dict)  # of the same
    deleted: set[int] = field(default_factory=set)
    by_bot: list[Entry] = field(default_factory=list)  # every message it ever posted

    @classmethod
    def of(cls, record: Iterable[Entry], story: Story) -> "Heard":
        """Pick this server's messages out of the record."""
        heard, bot = cls(), story.app["bot_id"]
        for entry in record:
            if entry["kind"].startswith("message") and entry["message_id"] in story.unread:
                continue
            if entry["kind"] == "message" and entry["author_id"] == bot:
                heard.by_bot.append(entry)
            elif entry["kind"] == "message" and entry["channel_id"] in story.watched and entry["type"] == 0:
                heard.texts[entry["message_id"]] = entry["content"]
                heard.places[entry["message_id"]] = entry["channel_id"]
            elif entry["kind"] == "message_edit" and entry["message_id"] in heard.texts:
                heard.texts[entry["message_id"]] = entry["content"]
            elif entry["kind"] == "message_delete" and entry["message_id"] in heard.texts:
                heard.deleted.add(entry["message_id"])
                del heard.texts[entry["message_id"]], heard.places[entry["message_id"]]
        return heard


def judge(story: Story, record: Sequence[Entry], stored: Stored) -> Verdict:
    """Compare what happened with what should have."""
    verdict, heard = Verdict(), Heard.of(record, story)
    _judge_storage(verdict, heard, stored)
    _judge_progress(verdict, heard, stored, story)
    _judge_answers(verdict, heard, stored, story)
    return verdict


def _judge_storage(verdict: Verdict, heard: Heard, stored: Stored) -> None:
    for id_, text in heard.texts.items():
        row = stored.signals.get(id_)
        if row is None:
            verdict.lost.append(f"message {id_} {text!r}")
        elif row["content"] != text or row["deleted_at"] is not None:
            verdict.lost.append(f"text of {id_}: {text!r} is stored as {row['content']!r}")
    for id_ in heard.deleted:
        row = stored.signals.get(id_)
        if row is not None and (row["content"] or row["author_name"] or row["deleted_at"] is None):
            verdict.kept.append(f"message {id_} {row['content']!r}")
    strangers = stored.signals.keys() - heard.texts.keys() - heard.deleted
    verdict.stray += [f"stored, but no member's message: {id_}" for id_ in strangers]


def _judge_progress(verdict: Verdict, heard: Heard, stored: Stored, story: Story) -> None:
    for id_, row in stored.signals.items():
        if row["stage"] != "done" or row["status"] == "pending":
            verdict.stuck.append(f"signal {id_} at {row['stage']}, {row['status']}")
    verdict.stuck += [f"action {row['kind']} of {row['signal_id']}" for row in stored.actions if _open(row)]
    verdict.stuck += [f"gap in {gap['channel_id']}: {gap['reason']}" for gap in stored.gaps]
    for place in story.watched:
        newest = max((id_ for id_, where in heard.places.items() if where == place), default=0)
        cursor = stored.cursors.get(place) or 0
        if cursor < newest:
            verdict.stuck.append(f"cursor of {place} at {cursor}, its newest message is {newest}")


def _open(action: Row) -> bool:
    return bool(action["status"] == "pending")


def _judge_answers(verdict: Verdict, heard: Heard, stored: Stored, story: Story) -> None:
    replies: Counter[int] = Counter()
    alerts: Counter[int] = Counter()
    notes = 0
    for entry in heard.by_bot:
        key = ("", 0)
        if entry["reference"] is not None:
            key = ("reply", entry["reference"])
            replies[key[1]] += 1
        elif entry["channel_id"] == story.staff:
            key = ("escalate", int(entry["content"].rstrip().rpartition("/")[2]))
            alerts[key[1]] += 1
        elif entry["guild_id"] is None and f"<#{story.locked}>" in entry["content"]:
            notes += 1
        else:
            verdict.stray.append(f"message {entry['message_id']} {entry['content']!r}")
        if entry["n"] > story.too_old.get(key, entry["n"]):
            verdict.stray.append(f"{key} sent, though interrupted too long ago")
    for id_, said in story.said.items():
        urgent = said.kind is Kind.URGENT and story.has_staff
        _count(verdict, stored, id_, "reply", replies.pop(id_, 0), _owed(story, id_, said.kind in ANSWERED))
        _count(verdict, stored, id_, "escalate", alerts.pop(id_, 0), _owed(story, id_, urgent))
    verdict.stray += [f"{found} answers to {id_}" for id_, found in [*replies.items(), *alerts.items()]]
    told = any(said.kind is Kind.LOCKED and id_ not in story.gone for id_, said in story.said.items())
    refused = [row["signal_id"] for row in stored.actions if row["kind"] == "tell_owner"]
    _count(
        verdict,
        stored,
        int(refused[0].partition(":")[2]) if refused else 0,
        "tell_owner",
        notes,
        (told, True),
    )
    posted = Counter(entry["message_id"] for entry in heard.by_bot)
    posted.subtract(row["message_id"] for row in stored.actions if row["status"] == "sent")
    verdict.stray += [f"message {id_}: posted minus logged is {n}" for id_, n in posted.items() if n]


def _owed(story: Story, id_: int, answered: bool) -> tuple[bool, bool]:
    """Return whether an answer must be there, and whether one may."""
    return answered and id_ not in story.gone, answered


def _count(
    verdict: Verdict, stored: Stored, id_: int, kind: str, found: int, owed: tuple[bool, bool]
) -> None:
    must, may = owed
    if found > 1:
        verdict.twice.append(f"{found} times {kind} for {id_}")
    if found and not may:
        verdict.stray.append(f"{kind} for {id_}")
    if must and not found:
        rows = [row for row in stored.actions if row["signal_id"] == f"discord:{id_}" and row["kind"] == kind]
        if not any(row["status"] == "expired" for row in rows):
            state = [(row["status"], row["detail"]) for row in rows]
            verdict.unanswered.append(f"no {kind} for {id_}; its actions: {state}")
