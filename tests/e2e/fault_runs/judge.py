"""What came of a bot's run: the sandbox's own record against the database file, without the bot's code."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.record import Entry
from tests.e2e.fault_runs.town import Town

Row = dict[str, Any]
MEMBERS_WRITE = (0, 19)  # message types: plain and reply
_NEWS = ("ready", "resumed", "invalid_session")


@dataclass
class Happened:
    """What the sandbox recorded of messages in watched places."""

    texts: dict[int, str] = field(default_factory=dict)  # of members' messages that still exist
    places: dict[int, int] = field(default_factory=dict)  # of the same
    deleted: set[int] = field(default_factory=set)
    early: set[int] = field(default_factory=set)  # said when the bot may not have known of the guild
    tombs: set[int] = field(default_factory=set)  # deleted where the bot read once; only that may be noted
    replies: Counter[int | None] = field(default_factory=Counter)  # by message; None: the bot's other ones

    @classmethod
    def in_(cls, town: Town) -> "Happened":
        """Pick what matters out of a town's record."""
        happened, parents = cls(), dict[int, int]()
        for entry in town.discord.record:
            kind, id_ = entry["kind"], entry.get("message_id")
            if kind == "message":
                happened._said(entry, town)
            elif kind == "message_edit" and id_ in happened.texts:
                happened.texts[id_] = entry["content"]
            elif kind == "message_delete":
                happened._gone(id_)
                if entry["channel_id"] in town.once_watched:
                    happened.tombs.add(entry["message_id"])
            elif kind == "thread":
                parents[entry["thread_id"]] = entry["parent_id"]
            elif kind == "channel_delete":
                there = {entry["channel_id"]}
                there |= {thread for thread, parent in parents.items() if parent in there}
                for each in [each for each, place in happened.places.items() if place in there]:
                    happened._gone(each)
        return happened

    def _said(self, entry: Entry, town: Town) -> None:
        id_, place = entry["message_id"], entry["channel_id"]
        if entry["author_id"] == town.discord.bot_user.id and entry["via"] == "rest":
            self.replies[entry["reference"]] += 1
        elif place in town.watched and not entry["bot"] and entry["type"] in MEMBERS_WRITE:
            self.texts[id_], self.places[id_] = entry["content"], place
            if entry["n"] <= town.joined.get(entry["guild_id"], entry["n"]):
                self.early.add(id_)

    def _gone(self, id_: Any) -> None:
        if self.texts.pop(id_, None) is not None:
            del self.places[id_]
            self.deleted.add(id_)


@dataclass
class Stored:
    """The bot's tables at one moment."""

    signals: dict[int, list[Row]]  # by message
    undone: list[str]  # actions and gaps that are open

    @classmethod
    def read(cls, path: Path) -> "Stored":
        """Read a database without changing it, whether or not a bot is writing to it."""
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            signals: dict[int, list[Row]] = {}
            for row in connection.execute("SELECT * FROM signals"):
                signals.setdefault(row["message_id"], []).append(dict(row))
            gaps = connection.execute("SELECT * FROM gaps WHERE closed_at IS NULL")
            undone = [f"gap in {gap['channel_id']}: {gap['reason']}" for gap in gaps]
            actions = connection.execute("SELECT * FROM actions WHERE status = 'pending'")
            undone += [f"action {action['kind']} of {action['signal_id']}" for action in actions]
            return cls(signals, undone)


@dataclass
class Verdict:
    """Everything wrong with a run; each list holds a line for each fault."""

    lost: list[str] = field(default_factory=list)  # exists in Discord, not (or not so) in the database
    kept: list[str] = field(default_factory=list)  # deleted in Discord, its text still in the database
    stuck: list[str] = field(default_factory=list)  # never got on
    twice: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)  # stored or said for no reason
    away: list[str] = field(default_factory=list)  # not connected in the end

    def faults(self) -> list[str]:
        """Return every line with its kind."""
        return [f"{kind}: {line}" for kind, lines in vars(self).items() for line in lines]

    def settled(self) -> bool:
        """Whether nothing is left to be done; more could only be wrong, not missing."""
        return not (self.lost or self.kept or self.stuck or self.away)


def judge(happened: Happened, stored: Stored) -> Verdict:
    """Compare what happened with what was stored and said."""
    verdict = Verdict(stuck=list(stored.undone))
    _judge_texts(verdict, happened, stored)
    _judge_rows(verdict, happened, stored)
    for reference, times in happened.replies.items():
        if reference not in happened.texts and reference not in happened.deleted:
            verdict.stray.append(f"{times} messages of the bot about {reference}")
        elif times > 1:
            verdict.twice.append(f"{times} replies to {reference}")
    return verdict


def _judge_texts(verdict: Verdict, happened: Happened, stored: Stored) -> None:
    for id_, text in happened.texts.items():
        rows, place = stored.signals.get(id_, []), happened.places[id_]
        if not rows and id_ not in happened.early:
            verdict.lost.append(f"message {id_} in {place} {text!r}")
        for row in rows:
            if row["content"] != text or row["deleted_at"] is not None:
                verdict.lost.append(f"text of {id_} in {place}: {text!r} is stored as {row['content']!r}")
            if row["place_id"] != place:
                verdict.stray.append(f"{id_} of {place} is stored in {row['place_id']}")
    for id_ in happened.deleted | happened.tombs:
        for row in stored.signals.get(id_, []):
            if row["content"] or row["author_name"] or row["deleted_at"] is None:
                verdict.kept.append(f"message {id_} in {row['place_id']} {row['content']!r}")


def _judge_rows(verdict: Verdict, happened: Happened, stored: Stored) -> None:
    known = happened.texts.keys() | happened.deleted | happened.tombs
    for id_, rows in stored.signals.items():
        if len(rows) > 1:
            verdict.twice.append(f"{id_} is stored {len(rows)} times")
        if id_ not in known:
            verdict.stray.append(f"stored, but nothing to be read: {id_} {rows[0]['content']!r}")
        for row in rows:
            if row["stage"] != "done" or row["status"] == "pending":
                verdict.stuck.append(f"signal {id_} at {row['stage']}, {row['status']}")


def away(discord: Sandbox) -> list[str]:
    """Return what is wrong with the connection: a session must be live that was last READY or RESUMED."""
    news = [entry for entry in discord.record.of("connection") if entry["event"] in _NEWS][-1:]
    live = [session.id for session in discord.core.hub.live()]
    if len(live) == 1 and news and news[0]["event"] != "invalid_session" and news[0]["session"] == live[0]:
        return []
    return [f"live sessions {live}, last of the connection {news}"]
