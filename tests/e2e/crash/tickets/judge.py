"""What came of a run with tickets: the sandbox's record against the database, without the bot's code."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.e2e.crash.tickets.seen import Seen
from tests.e2e.crash.tickets.story import TicketStory, Wish, answer
from tests.e2e.crash.verdict import Row, Verdict, reading

APART = 60  # seconds between two pings in a server
ONCE = ("rating", "log", "direct")
TOLD = "asked the team"


@dataclass
class Stored:
    """The bot's tables of tickets at one moment."""

    tickets: list[Row]
    messages: dict[int, str]
    questions: list[Row]
    deliveries: list[Row]

    @classmethod
    def read(cls, path: Path) -> "Stored":
        """Read a database without changing it, whether or not a bot is writing to it."""
        with reading(path) as there:
            messages = there.rows("SELECT * FROM ticket_messages")
            return cls(
                there.rows("SELECT * FROM tickets ORDER BY id"),
                {row["message_id"]: row["content"] for row in messages},
                there.rows("SELECT * FROM questions WHERE ticket_id IS NOT NULL"),
                there.rows("SELECT * FROM ticket_deliveries"),
            )


def judge(
    story: TicketStory, seen: Seen, stored: Stored, threads: Mapping[int, tuple[bool, bool]]
) -> Verdict:
    """Compare what happened with what should have; `threads` says which are archived and locked."""
    verdict = Verdict(stray=list(seen.strays))
    by_title = {row["title"]: row for row in stored.tickets}
    for wish in story.wishes:
        _judge_opening(verdict, wish, seen, by_title.get(wish.title))
        thread = seen.thread_of(wish.title)
        row = by_title.get(wish.title)
        if thread is not None and row is not None:
            _judge_talk(verdict, story, wish, seen, thread)
            _judge_end(verdict, wish, seen, row, stored, threads.get(thread))
    _judge_storage(verdict, seen, stored)
    _judge_rows(verdict, story, stored)
    _judge_pings(verdict, story, seen)
    titles = {wish.title for wish in story.wishes}
    verdict.stray += [
        f"thread of {title!r}, for which nobody asked" for title in seen.threads.keys() - titles
    ]
    return verdict


def _judge_opening(verdict: Verdict, wish: Wish, seen: Seen, row: Row | None) -> None:
    count = len(seen.threads.get(wish.title, ()))
    if count > 1:
        verdict.twice.append(f"{count} threads of {wish.title!r}")
    if not count and (wish.is_promised or row is not None):
        verdict.lost.append(f"ticket {wish.title!r} has no thread")
    if count and row is None:
        verdict.stray.append(f"thread of {wish.title!r} without a ticket")
    if row is not None and count and row["thread_id"] not in seen.threads[wish.title]:
        verdict.stuck.append(f"ticket {wish.title!r} lives in {row['thread_id']}")


def _judge_talk(verdict: Verdict, story: TicketStory, wish: Wish, seen: Seen, thread: int) -> None:
    said = seen.said[thread]
    is_asked = _is_asked(wish, seen, thread)
    expected = [answer(topic) for topic in wish.topics] + ([TOLD] if is_asked else [])
    for mark in expected:
        count = sum(mark in text for text in said)
        if count > 1:
            verdict.twice.append(f"{count} times {mark!r} in {wish.title!r}")
        if not count:
            verdict.unanswered.append(f"no {mark!r} in {wish.title!r}")
    verdict.stray += [
        f"{text!r} in {wish.title!r}" for text in said if not any(mark in text for mark in expected)
    ]
    if story.staff is not None:
        _judge_queue(verdict, wish, seen.queued[thread], is_asked=is_asked)
    if seen.posts["card"][thread] != 1:
        verdict.twice.append(f"{seen.posts['card'][thread]} cards in {wish.title!r}")


def _judge_queue(verdict: Verdict, wish: Wish, count: int, *, is_asked: bool) -> None:
    if count > 1:
        verdict.twice.append(f"{wish.title!r} is {count} times in the staff channel")
    if is_asked and not count:
        verdict.unanswered.append(f"{wish.title!r} is not in the staff channel")
    if count and not is_asked:
        verdict.stray.append(f"{wish.title!r} is in the staff channel")


def _judge_end(
    verdict: Verdict,
    wish: Wish,
    seen: Seen,
    row: Row,
    stored: Stored,
    shown: tuple[bool, bool] | None,
) -> None:
    is_closed = row["state"] == "closed"
    if wish.is_closed and not is_closed:
        verdict.lost.append(f"the closing of {wish.title!r}")
    thread = row["thread_id"]
    for kind in (*ONCE, "closed", "lesson"):
        count = seen.posts[kind][thread]
        if count > 1:
            verdict.twice.append(f"{count} times {kind} for {wish.title!r}")
        if count and not is_closed:
            verdict.stray.append(f"{kind} for {wish.title!r}, which isn't closed")
        must = kind in ONCE or (kind == "lesson" and bool(wish.advice))
        if is_closed and must and not count:
            verdict.unanswered.append(f"no {kind} for {wish.title!r}")
    served = [each for each in stored.deliveries if each["ticket_id"] == row["id"]]
    if is_closed and "all" not in [each["kind"] for each in served]:
        verdict.stuck.append(f"the closing of {wish.title!r} is not done")
    if shown != (is_closed, is_closed):
        verdict.stuck.append(f"{wish.title!r} is {row['state']}, and archived and locked: {shown}")


def _judge_storage(verdict: Verdict, seen: Seen, stored: Stored) -> None:
    for thread, messages in seen.heard.items():
        for id_, text in messages.items():
            if stored.messages.get(id_) != text:
                verdict.lost.append(f"message {id_} {text!r} in {thread}, kept: {stored.messages.get(id_)!r}")


def _judge_rows(verdict: Verdict, story: TicketStory, stored: Stored) -> None:
    for row in stored.tickets:
        if row["shown_version"] != row["version"]:
            verdict.stuck.append(f"{row['title']!r} is shown as it was")
        if row["handed_over_at"] and row["queue_message_id"] is None and story.staff is not None:
            verdict.stuck.append(f"nobody noted that staff know of {row['title']!r}")
    verdict.stuck += [f"question {row['key']}" for row in stored.questions if row["finished_at"] is None]
    for row in stored.deliveries:
        what = f"delivery {row['kind']} of ticket {row['ticket_id']}"
        if row["status"] == "pending":
            verdict.stuck.append(what)
        if row["status"] == "failed":
            verdict.stray.append(f"{what}: {row['detail']}")


def _judge_pings(verdict: Verdict, story: TicketStory, seen: Seen) -> None:
    threads = [thread for thread, _ in seen.pings]
    verdict.twice += [
        f"{threads.count(each)} pings about {each}" for each in set(threads) if threads.count(each) > 1
    ]
    times = sorted(at for _, at in seen.pings)
    for one, two in pairwise(times):
        if (two - one).total_seconds() < APART:
            verdict.twice.append(f"two pings within a minute: {one} and {two}")
    asked = [each.title for each in story.wishes if _is_asked(each, seen, seen.thread_of(each.title))]
    if asked and not threads:
        verdict.unanswered.append(f"nobody was pinged about {asked}")


def _is_asked(wish: Wish, seen: Seen, thread: int | None) -> bool:
    """Whether a ticket holds a question that only staff can answer."""
    if thread is None or not wish.untaught:
        return False
    return wish.opens_untaught or wish.untaught in seen.heard[thread].values()
