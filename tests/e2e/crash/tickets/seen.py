"""What the sandbox recorded of a run's tickets, sorted by what it is."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.record import Entry

if TYPE_CHECKING:
    from tests.e2e.crash.tickets.story import TicketStory

THREAD_NAME = re.compile(r"#[0-9]{4} (.+)")
NUMBER = re.compile(r"#([0-9]{4,})")
LOGGED, RATED, DIRECT = "**Ticket #", "how was the help with ticket", "Your ticket **#"
LESSON, CLOSED = "**Teach this?**", "This ticket was closed"


@dataclass
class Seen:
    """Everything that was made, whoever learned of it."""

    threads: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # by title
    numbers: dict[int, int] = field(default_factory=dict)  # threads by ticket number
    cards: dict[int, int] = field(default_factory=dict)  # by thread
    said: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))  # by the bot, by thread
    heard: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))  # people's messages
    queued: Counter[int] = field(default_factory=Counter)  # threads named in the staff channel
    pings: list[tuple[int, datetime]] = field(default_factory=list)  # threads about which staff were pinged
    posts: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))  # kind: by thread
    strays: list[str] = field(default_factory=list)

    def thread_of(self, title: str) -> int | None:
        """Return the thread of the ticket of this title."""
        found = self.threads.get(title)
        return found[0] if found else None

    @classmethod
    def of(cls, record: Sequence[Entry], story: "TicketStory") -> "Seen":
        """Pick a server's tickets out of the record."""
        seen, bot = cls(), story.app["bot_id"]
        known: set[int] = set()
        # A request is recorded once it is answered, after what it made.
        requests = {entry["request"]: entry for entry in record if entry["kind"] == "request"}
        for entry in record:
            if entry["kind"] == "thread" and entry["parent_id"] == story.desk:
                match = THREAD_NAME.fullmatch(entry["name"])
                assert match is not None, entry["name"]
                seen.threads[match[1]].append(entry["thread_id"])
                seen.numbers.setdefault(int(entry["name"][1:5]), entry["thread_id"])
                known.add(entry["thread_id"])
            elif entry["kind"] == "message" and entry["ephemeral_for"] is None:
                if entry["author_id"] == bot and entry["type"] == 0 and entry["channel_id"] != story.front:
                    seen._sort(entry, known, requests, story)
                elif entry["channel_id"] in known and entry["type"] == 0:
                    seen.heard[entry["channel_id"]][entry["message_id"]] = entry["content"]
        return seen

    def _sort(
        self, entry: Entry, threads: set[int], requests: dict[int, Entry], story: "TicketStory"
    ) -> None:
        place, text = entry["channel_id"], entry["content"]
        if place in threads:
            if text.startswith("<@&"):
                self.pings.append((place, datetime.fromisoformat(entry["at"])))
            elif RATED in text:
                self.posts["rating"][place] += 1
            elif CLOSED in text:
                self.posts["closed"][place] += 1
            elif text:
                self.said[place].append(text)
            else:
                self.cards.setdefault(place, entry["message_id"])
                self.posts["card"][place] += 1
        elif place == story.staff and not text.startswith(LESSON):
            if entry["request"] not in requests:
                return
            body = requests[entry["request"]]["body"]
            thread = int(body["embeds"][0]["url"].rpartition("/")[2])
            self.queued[thread] += 1
            if text.startswith("<@&"):
                self.pings.append((thread, datetime.fromisoformat(entry["at"])))
        else:
            self._sort_post(entry, text)

    def _sort_post(self, entry: Entry, text: str) -> None:
        number = NUMBER.search(text)
        thread = self.numbers.get(int(number[1]), 0) if number else 0
        for kind, mark in (("log", LOGGED), ("direct", DIRECT), ("lesson", LESSON)):
            if text.startswith(mark):
                self.posts[kind][thread] += 1
                return
        if entry["guild_id"] is None and "stays out of here" in text:
            self.posts["warning"][0] += 1
            return
        self.strays.append(f"message {entry['message_id']} in {entry['channel_id']}: {text!r}")
