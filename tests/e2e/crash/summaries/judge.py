"""What came of a run with a summary and alerts: the sandbox's record, and whether all is noted as done."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.record import Entry
from tests.e2e.crash.summaries.story import SummaryStory
from tests.e2e.crash.verdict import Verdict, reading

ALERT, ALARM = "Several members report the same problem", "Sentiment: "
PAGES = re.compile(r"\d+ of (\d+)$")
NOT_DONE = (
    "SELECT 'run ' || local_date || ' is ' || status AS what FROM summary_runs WHERE status <> 'posted'",
    "SELECT 'post ' || id AS what FROM summary_posts WHERE finished_at IS NULL OR message_id IS NULL",
    "SELECT 'incident ' || id AS what FROM incidents WHERE message_id IS NULL OR shown IS NULL",
    "SELECT 'nudge ' || id AS what FROM nudges WHERE message_id IS NULL",
)


@dataclass
class Seen:
    """What the bot posted, whoever learned of it."""

    pages: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # channel: titles
    lengths: dict[int, int] = field(default_factory=dict)  # by channel: how many pages there should be
    alarms: int = 0
    alerts: dict[int, str] = field(default_factory=dict)  # by message: what it says now
    nudges: int = 0
    strays: list[str] = field(default_factory=list)

    @property
    def posts(self) -> int:
        """How many messages there are."""
        return (
            sum(each.total() for each in self.pages.values()) + self.alarms + len(self.alerts) + self.nudges
        )

    @classmethod
    def of(cls, record: Sequence[Entry], story: SummaryStory) -> "Seen":
        """Pick a server's posts out of the record."""
        seen, bot = cls(), story.app["bot_id"]
        # A request is recorded once it is answered, after what it made.
        requests = {entry["request"]: entry for entry in record if entry["kind"] == "request"}
        for entry in record:
            if entry["kind"] not in ("message", "message_edit") or entry["author_id"] != bot:
                continue
            if entry["request"] in requests:
                seen._sort(entry, requests[entry["request"]]["body"] or {}, story)
        return seen

    def _sort(self, entry: Entry, body: dict[str, Any], story: SummaryStory) -> None:
        [embed] = body.get("embeds") or [{}]
        title, place = embed.get("title", ""), entry["channel_id"]
        if place == story.staff and title == ALERT:
            self.alerts[entry["message_id"]] = embed["description"]
        elif entry["kind"] == "message_edit":
            self.strays.append(f"an edit of {entry['message_id']} in {place}: {body}")
        elif place == story.staff and title.startswith(ALARM):
            self.alarms += 1
        elif entry["content"].startswith(f"<@&{story.helpers}>") and place == story.help:
            self.nudges += 1
        elif title and (place == story.news or (story.news is None and entry["guild_id"] is None)):
            self.pages[place][title] += 1
            footer = PAGES.search(embed["footer"]["text"])
            self.lengths.setdefault(place, int(footer[1]) if footer else 1)
        else:
            self.strays.append(f"message {entry['message_id']} in {place}: {title} {entry['content']!r}")


def judge(story: SummaryStory, seen: Seen, database: Path) -> Verdict:
    """Compare what was posted with what should have been."""
    verdict = Verdict(stray=list(seen.strays), stuck=not_done(database))
    if len(seen.pages) != story.targets:
        verdict.lost.append(f"the summary is in {len(seen.pages)} of {story.targets} places")
    for place, pages in seen.pages.items():
        if len(pages) < seen.lengths[place]:
            verdict.lost.append(f"{len(pages)} of {seen.lengths[place]} pages in {place}")
        verdict.twice += [
            f"{title!r} {count} times in {place}" for title, count in pages.items() if count > 1
        ]
        verdict.twice += [f"a page too many in {place}"] * (len(pages) > seen.lengths[place])
    for name, count in (("alarm", seen.alarms), ("nudge", seen.nudges), ("alert", len(seen.alerts))):
        if count > 1:
            verdict.twice.append(f"{count} {name}s")
        elif not count:
            verdict.lost.append(f"the {name}")
    told = f"**{len(story.reports)} reports by {len(story.reports)} members**"
    if seen.alerts and not any(told in text for text in seen.alerts.values()):
        verdict.lost.append(f"some of {len(story.reports)} reports in {list(seen.alerts.values())}")
    return verdict


def not_done(database: Path) -> list[str]:
    """Return what isn't noted as done, without changing the database."""
    with reading(database) as there:
        return [row["what"] for query in NOT_DONE for row in there.rows(query)]
