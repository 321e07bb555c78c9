"""What a summary looks like: within Discord's limits, every line with its links, nobody's words as markup."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.summaries import Claim, Coverage, Digest, Source, Span, Topic
from bot.models import Summary
from bot.services.summaries.rendering import (
    MAX_PAGE,
    MAX_PAGES,
    NBSP,
    Extra,
    footer_of,
    pages,
    plain,
    title_of,
)
from bot.services.summaries.settings import Section
from bot.services.summaries.storing import Stored

GUILD, PLACE = 7, 8
ALL = set(Section)


def stored(topics: list[Topic], **more: Any) -> Stored:
    """A summary as it is kept."""
    ids = {each for topic in topics for claim in topic.claims for each in claim.message_ids}
    sources = {each: Source(PLACE, PLACE, 5) for each in ids}
    now = datetime(2026, 3, 2, tzinfo=UTC)
    summary = Summary(
        id=1, guild_id=GUILD, reading="short", starts_at=now - timedelta(days=1), ends_at=now, place_ids=[],
        created_at=now,
    )  # fmt: skip
    digest = Digest(tuple(topics), Coverage(1_204, 1_204, 14), sources=sources)
    return Stored(summary, digest, 0)._replace(**more)


def a_topic(title: str = "Printers", text: str = "It prints again.", count: int = 1) -> Topic:
    claims = tuple(Claim(text, (100 + number,)) for number in range(count))
    return Topic(title, claims, message_ids=tuple(100 + number for number in range(count)))


def test_each_line_has_the_links_it_rests_on() -> None:
    topic = Topic(
        "Printers",
        (Claim("It prints again.", (100, 101)),),
        decisions=(Claim("We buy ink.", (102,)),),
        actions=(Claim("Kim buys it.", (103,)),),
        questions=(Claim("Which colour?", (104,)),),
        message_ids=(100, 101, 102, 103, 104),
    )
    [page] = pages("Monday", GUILD, stored([topic]), ALL)
    base = "https://discord.com/channels/7/8/"
    assert page.text.split("\n") == [
        "**Printers**",
        "-# <#8> · 5 messages",
        f"• It prints again.{NBSP}[→1]({base}100){NBSP}[→2]({base}101)",
        f"• **Decided:** We buy ink.{NBSP}[→3]({base}102)",
        f"• **To do:** Kim buys it.{NBSP}[→4]({base}103)",
        f"• **Open:** Which colour?{NBSP}[→5]({base}104)",
    ]
    assert page.title == "Monday"
    [fewer] = pages("Monday", GUILD, stored([topic]), {Section.TOPICS})
    assert "Decided" not in fewer.text


def test_an_extract_is_told_once_and_its_author_stands_out() -> None:
    claims = (Claim("Kim: It prints again.", (100,)), Claim("Bo: Which colour?", (101,)))
    topic = Topic("Printers", claims, questions=claims[1:], message_ids=(100, 101), is_extract=True)
    [page] = pages("Monday", GUILD, stored([topic]), ALL)
    base = "https://discord.com/channels/7/8/"
    assert page.text.split("\n")[2:] == [
        f"• **Kim:** It prints again.{NBSP}[→1]({base}100)",
        f"• **Open:** Bo\\: Which colour?{NBSP}[→2]({base}101)",
    ]
    [without] = pages("Monday", GUILD, stored([topic]), ALL - {Section.QUESTIONS})
    assert "**Bo:** Which colour?" in without.text
    composed = replace(topic, is_extract=False)
    [page] = pages("Monday", GUILD, stored([composed]), ALL)
    assert page.text.count("Which colour?") == 2


def test_a_topic_of_which_nothing_is_shown_has_no_title() -> None:
    [page] = pages("Monday", GUILD, stored([a_topic()]), {Section.DECISIONS})
    assert page.text == "A quiet time: there is nothing to tell of it."  # though 1,204 messages were read


def test_several_pages_are_about_as_long_and_the_last_tells_who_wrote_them() -> None:
    topics = [a_topic(f"Topic {number}", "word " * 70, 2) for number in range(6)]
    first, second = pages("Monday", GUILD, stored(topics), ALL)
    assert abs(len(first.text) - len(second.text)) < 200
    assert first.footer == "1 of 2"
    assert second.footer == footer_of(stored(topics).digest.coverage, None)
    numbers = [int(each) for page in (first, second) for each in re.findall(r"\[→(\d+)\]", page.text)]
    assert sorted(set(numbers)) == [1, 2]  # all rest on the same two messages


def test_the_footer_tells_who_wrote_it_and_how_much_of_it_was_read() -> None:
    coverage = Coverage(1_204, 1_300, 1, extracted=20)
    assert footer_of(coverage, None) == (
        "Extracts, as they were written; no language model · 1,204 of 1,300 messages, 1 channel"
    )
    assert footer_of(coverage, "qwen3:8b") == (
        "Written by qwen3:8b, 20 messages as extracts · 1,204 of 1,300 messages, 1 channel"
    )


def test_what_was_put_right_stands_first_and_what_was_taken_out_last() -> None:
    [page] = pages("Monday", GUILD, stored([a_topic()], removed=2, corrections=("It was *Kim*.",)), ALL)
    assert page.text.startswith("**Corrected:** It was \\*Kim\\*.")
    assert page.text.endswith("2 lines taken out: what it rested on was deleted or edited.")


@given(
    st.lists(st.tuples(st.text(max_size=300), st.text(max_size=900), st.integers(1, 9)), max_size=40),
    st.lists(st.text(alphabet="ab #", max_size=400), max_size=30),
)
def test_pages_keep_to_discords_limits_whatever_was_said(
    rows: list[tuple[str, str, int]], lines: list[str]
) -> None:
    topics = [a_topic(*row) for row in rows]
    shown = pages("Monday", GUILD, stored(topics), ALL, [Extra("More", lines)])
    assert 1 <= len(shown) <= MAX_PAGES + 1
    assert all(0 < len(each.text) <= MAX_PAGE for each in shown)
    assert all(len(each.footer) <= 2_048 for each in shown)
    assert len({each.title for each in shown}) == len(shown)


def test_topics_without_room_are_counted() -> None:
    topics = [a_topic(f"Topic {number}", "word " * 70, 8) for number in range(12)]
    shown = pages("Monday", GUILD, stored(topics), ALL)
    titles = sum(each.text.count("**Topic") for each in shown)
    assert 0 < titles < len(topics)
    assert f"{len(topics) - titles} smaller topic" in shown[-1].text


def test_words_of_members_are_no_markup_and_mention_nobody() -> None:
    text = plain("# **hi** <@5> @everyone\n[x](http://evil) ||y||", 100)
    assert "@everyone" not in text
    assert "<@5>" not in text
    assert "\n" not in text
    assert "\\*\\*hi\\*\\*" in text
    assert "\\[x\\]\\(" in text


def test_long_words_end_at_a_border() -> None:
    assert plain("one two three four", 12) == "one two…"


def test_days_are_called_as_the_servers_clocks_have_them() -> None:
    day = Span(datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 3, 2, 23, tzinfo=UTC))
    assert title_of(day, "Europe/Berlin") == "Monday, 02 March 2026"
    week = replace(day, start=day.start - timedelta(days=6))
    assert title_of(week, "Europe/Berlin") == "24 February to 02 March 2026"
    evening = Span(datetime(2026, 3, 1, 18, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC))
    assert title_of(evening, "UTC") == "Monday, 02 March 2026"


def test_some_hours_are_told_as_hours() -> None:
    start = datetime(2026, 3, 1, 18, 5, tzinfo=UTC)
    hours = Span(start, start + timedelta(hours=2))
    assert title_of(hours, "UTC") == "Sunday, 01 March 2026, 18:05 to 20:05"
    night = Span(start, start + timedelta(hours=8))
    assert title_of(night, "UTC") == "Sunday, 01 March, 18:05 to Monday, 02 March 2026, 02:05"
    so_far = Span(start.replace(hour=0, minute=0), start)
    assert title_of(so_far, "UTC") == "Sunday, 01 March 2026"


def test_the_last_24_hours_that_somebody_asks_for_are_no_date() -> None:
    end = datetime(2026, 1, 1, 18, 5, tzinfo=UTC)
    asked = Span(end - timedelta(days=1), end)
    told = "Wednesday, 31 December 2025, 18:05 to Thursday, 01 January 2026, 18:05"
    assert title_of(asked, "UTC", exact=True) == told
    assert title_of(asked, "UTC") == "Thursday, 01 January 2026"  # the daily post is called by its date
    day = Span(end.replace(hour=0, minute=0), end.replace(hour=0, minute=0) + timedelta(days=1))
    assert title_of(day, "UTC", exact=True) == "Thursday, 01 January 2026"
