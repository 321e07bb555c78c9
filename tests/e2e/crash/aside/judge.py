"""What came of a run beside the main road: the sandbox's record against the database."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.record import Entry
from tests.e2e.crash.aside.story import SECRET, AsideStory, Fate, Leaker, Question
from tests.e2e.crash.verdict import Row, Verdict, reading

LINK = re.compile(r"/channels/[0-9]+/[0-9]+/([0-9]+)")
BUTTON = re.compile(r"suggest:(?:post|edit|dismiss):([0-9]+)")
BUTTONS = 3
ENDS = {Fate.POST: "posted", Fate.EDIT: "posted", Fate.DISMISS: "dismissed", Fate.LEAVE: "open"}
TOLD = {Fate.POST: "posted it", Fate.EDIT: "posted it", Fate.DISMISS: "dismissed it"}


@dataclass
class Stored:
    """The bot's tables at one moment."""

    signals: list[Row]
    actions: list[Row]
    suggestions: dict[int, Row]  # by message
    called: dict[int, list[str]]  # by message: what came of each call

    @classmethod
    def read(cls, path: Path) -> "Stored":
        """Read a database without changing it, whether or not a bot is writing to it."""
        with reading(path) as there:
            called: dict[int, list[str]] = defaultdict(list)
            for row in there.rows("SELECT message_id, state FROM summons"):
                called[row["message_id"]].append(row["state"])
            suggestions = there.rows("SELECT * FROM suggestions")
            return cls(
                there.rows("SELECT * FROM signals"),
                there.rows("SELECT * FROM actions ORDER BY id"),
                {int(row["signal_id"].rpartition(":")[2]): row for row in suggestions},
                called,
            )


@dataclass
class Seen:
    """What the bot said, whoever learned of it."""

    cards: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # by message
    proposed: dict[int, str] = field(default_factory=dict)  # by message: what its card said at first
    shown: dict[int, dict[str, Any]] = field(default_factory=dict)  # by card: how it looks now
    replies: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))  # by message
    warnings: Counter[int] = field(default_factory=Counter)  # by message
    strays: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, record: Sequence[Entry], story: AsideStory) -> "Seen":
        """Pick a server's posts out of the record."""
        seen, bot = cls(), story.app["bot_id"]
        # A request is recorded once it is answered, after what it made.
        requests = {entry["request"]: entry for entry in record if entry["kind"] == "request"}
        for entry in record:
            if entry["kind"] not in ("message", "message_edit") or entry["author_id"] != bot:
                continue
            if entry["request"] in requests and not entry.get("ephemeral_for"):
                seen._sort(entry, requests[entry["request"]]["body"] or {}, story)
        return seen

    def _sort(self, entry: Entry, body: dict[str, Any], story: AsideStory) -> None:
        id_, place, text = entry["message_id"], entry["channel_id"], entry["content"]
        is_new, link = entry["kind"] == "message", LINK.search(text)
        if SECRET in text or SECRET in str(body):
            self.strays.append(f"the secret is said again in {place}")
        if place == story.staff and body.get("embeds"):
            if is_new:
                about = BUTTON.search(str(body["components"]))
                assert about is not None, body
                self.cards[int(about[1])].append(id_)
                self.proposed.setdefault(int(about[1]), body["embeds"][0]["description"])
            self.shown[id_] = body
        elif is_new and entry["reference"] is not None:
            self.replies[entry["reference"]].append(text)
        elif is_new and entry["guild_id"] is None and link is not None:
            self.warnings[int(link[1])] += 1
        elif is_new or place != story.staff:
            self.strays.append(f"message {id_} in {place}: {text!r}")

    def open_cards(self) -> dict[int, int]:
        """Return the card of each message that has one with buttons."""
        return {
            message: card
            for message, cards in self.cards.items()
            for card in cards
            if self.shown[card].get("components")
        }

    @property
    def posts(self) -> int:
        """How many messages there are."""
        cards, replies = sum(map(len, self.cards.values())), sum(map(len, self.replies.values()))
        return cards + replies + self.warnings.total()


def judge(story: AsideStory, seen: Seen, stored: Stored) -> Verdict:
    """Compare what happened with what should have."""
    verdict = Verdict(stray=list(seen.strays))
    for question in story.questions:
        _judge_card(verdict, seen, question.id)
        _judge_question(verdict, seen, stored, question)
    for call in story.calls:
        states = stored.called.get(call.id, [])
        if not states:
            verdict.lost.append(f"the call to {call.id}")
        verdict.stuck += [f"the call to {call.id} is {state}" for state in states if state == "open"]
        if story.suggests:
            _judge_card(verdict, seen, call.id)
            _count(verdict, f"reply to {call.id}", len(seen.replies[call.id]), 0)
        else:
            _count(verdict, f"reply to {call.id}", len(seen.replies[call.id]), 1)
    for leaker in story.leakers:
        _judge_warnings(verdict, seen, stored, leaker)
    known = {each.id for each in story.questions} | {each.id for each in story.calls}
    strange = {*seen.cards, *seen.replies} - known
    verdict.stray += [f"something about {each}" for each in strange if seen.cards[each] or seen.replies[each]]
    _judge_rows(verdict, stored)
    return verdict


def _count(verdict: Verdict, what: str, found: int, wanted: int) -> None:
    if found > max(wanted, 1):
        verdict.twice.append(f"{found} times {what}")
    elif found > wanted:
        verdict.stray.append(what)
    elif found < wanted:
        verdict.unanswered.append(f"no {what}")


def _judge_card(verdict: Verdict, seen: Seen, message: int) -> None:
    _count(verdict, f"card of {message}", len(seen.cards[message]), 1)


def _judge_question(verdict: Verdict, seen: Seen, stored: Stored, question: Question) -> None:
    """Judge what staff made of it: what was never pressed stays open."""
    id_, fate = question.id, question.fate if question.is_pressed else Fate.LEAVE
    wanted = {Fate.POST: seen.proposed.get(id_), Fate.EDIT: question.words}.get(fate)
    _count(verdict, f"reply to {id_}", len(seen.replies[id_]), 1 if wanted is not None else 0)
    verdict.stray += [
        f"{said!r} to {id_}, not {wanted!r}"
        for said in seen.replies[id_]
        if wanted is not None and said != wanted
    ]
    row = stored.suggestions.get(id_)
    if row is None or row["state"] != ENDS[fate] or row["shown"] != row["state"]:
        told = (row["state"], row["shown"], row["reason"]) if row else None
        verdict.stuck.append(f"the suggestion for {id_} is {told}, not {ENDS[fate]}")
    for card in seen.cards[id_]:
        _judge_look(verdict, seen, question, seen.shown[card], fate)


def _judge_look(verdict: Verdict, seen: Seen, question: Question, body: dict[str, Any], fate: Fate) -> None:
    """Judge how a card looks now: staff must see what it is about, and how it ended."""
    [embed] = body["embeds"]
    is_open = fate is Fate.LEAVE
    words = question.words if fate is Fate.EDIT else seen.proposed[question.id]
    buttons = len(BUTTON.findall(str(body.get("components"))))
    if buttons != (BUTTONS if is_open else 0):
        verdict.stuck.append(f"the card of {question.id} has {buttons} buttons ({fate})")
    if not is_open and TOLD[fate] not in str(embed["fields"]):
        verdict.stuck.append(f"the card of {question.id} doesn't tell that staff {TOLD[fate]}")
    if embed["description"] != words or "how do I install driver" not in str(embed["fields"]):
        verdict.lost.append(f"the words on the card of {question.id}: {embed}")


def _judge_warnings(verdict: Verdict, seen: Seen, stored: Stored, leaker: Leaker) -> None:
    """Judge what somebody was told who posted secrets, all within a few minutes."""
    found = sum(seen.warnings[each] for each in leaker.leaks)
    _count(verdict, f"warning of {leaker.leaks}", found, int(leaker.takes_messages))
    subjects = {f"leak/discord:{each}" for each in leaker.leaks}
    rows = [row for row in stored.actions if row["signal_id"] in subjects]
    if len(rows) > 1:
        verdict.twice.append(f"{len(rows)} warnings of {leaker.leaks} are noted")
    if not rows:
        verdict.lost.append(f"nobody noted that {leaker.leaks} are secrets")
    wanted = "sent" if leaker.takes_messages else "forbidden"
    verdict.stuck += [f"{row['signal_id']} is {row['status']}" for row in rows if row["status"] != wanted]


def _judge_rows(verdict: Verdict, stored: Stored) -> None:
    for row in stored.signals:
        if row["stage"] != "done" or row["status"] == "pending":
            verdict.stuck.append(f"signal {row['message_id']} at {row['stage']}, {row['status']}")
        if SECRET in row["content"]:
            verdict.stray.append(f"the secret of {row['message_id']} is stored")
    for row in stored.actions:
        if row["status"] == "pending":
            verdict.stuck.append(f"action {row['kind']} of {row['signal_id']}")
