import time
from collections.abc import Sequence

import numpy as np
import pytest

from bot.domain.summaries import Claim, Line, Reading, Topic, without
from bot.nlp.digest import AMOUNTS, extract_topics
from bot.nlp.hashed import HashedEncoder
from bot.nlp.titles import LONGEST, plain
from bot.nlp.topics import topics
from tests.unit.nlp.talk import line, said

HELP, PROBLEM = "help_request", "problem_report"

PRINTER = (
    ("ann", "Hi, why does the office printer print blank pages?", HELP),
    ("bob", "ann: the office printer needs the new driver, the old driver prints blank pages"),
    ("ann", "bob: the new driver fixed the printer, thanks!"),
    ("cid", "We decided to replace the old printer driver on all machines."),
    ("bob", "I'll write a page about the printer driver today"),
)
GARDEN = (
    ("dan", "The tomato seedlings in the garden need water twice a day."),
    ("eve", "dan: tomato seedlings like the shade of the garden wall"),
    ("dan", "eve: then the seedlings move to the garden wall, with the basil"),
    ("fay", "Which compost do tomato seedlings in the shade of the garden wall like?", HELP),
)


def both() -> list[Line]:
    lines = said(*PRINTER)
    return lines + [line(20 + at, *each, channel=2) for at, each in enumerate(GARDEN)]


def claims(topic: Topic) -> Sequence[Claim]:
    return [*topic.sentences, *topic.decisions, *topic.actions, *topic.questions]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("press `Alt` now", "press Alt now"),
        ("a *b*", "a b"),
        ("a ~b~", "a b"),
        ("a |b|", "a b"),
        ("a > b", "a b"),
        ("a # b", "a b"),
        ("a [b]", "a b"),
        ("a \\b", "a b"),
        ("_a_ b_c", "a b_c"),
        ("see https://example.org/x now", "see now"),
        ("hi <@1>, you", "hi, you"),
        ("a {b} c", "a c"),
        ("as  it\n is", "as it is"),
    ],
)
def test_each_kind_of_markup_is_taken_away(text: str, left: str) -> None:
    assert plain(text) == left


def test_each_topic_has_what_came_of_it() -> None:
    found = extract_topics(both())
    assert len(found) == 2
    printer = next(topic for topic in found if 1 in topic.message_ids)
    garden = next(topic for topic in found if 20 in topic.message_ids)
    assert printer.title == "Why does the office printer print blank pages?"
    assert [claim.message_ids for claim in printer.decisions] == [(4,)]
    assert [claim.text for claim in printer.actions] == [
        "bob: I'll write a page about the printer driver today"
    ]
    assert printer.questions == ()
    assert any(2 in claim.message_ids for claim in printer.sentences)  # the answer that got thanks
    assert [claim.message_ids for claim in garden.questions] == [(23,)]
    assert "garden" in garden.title.lower() or "tomato" in garden.title.lower()


@pytest.mark.parametrize("reading", Reading)
def test_every_claim_is_from_its_messages_and_there_are_not_too_many(reading: Reading) -> None:
    lines = both()
    by_id = {each.message_id: each for each in lines}
    amount = AMOUNTS[reading]
    found = extract_topics(lines, None, reading)
    assert len(found) <= amount.topics
    for topic in found:
        assert 0 < len(topic.title) <= LONGEST
        assert 1 <= len(topic.sentences) <= amount.sentences
        assert max(map(len, (topic.decisions, topic.actions, topic.questions))) <= amount.others
        for claim in claims(topic):
            assert claim.message_ids
            assert set(claim.message_ids) <= set(topic.message_ids)
            source = by_id[claim.message_ids[0]]
            assert claim.text.startswith(f"{source.author_name}: ")
            pieces = claim.text.removeprefix(f"{source.author_name}: ").split("…")
            told = " ".join(by_id[each].text for each in claim.message_ids)
            assert all(piece.strip() in plain(told) for piece in pieces)


def test_it_is_the_same_for_the_same_lines_in_any_order() -> None:
    lines = both()
    assert extract_topics(lines) == extract_topics(lines[::-1]) == extract_topics(lines)


def test_votes_lift_what_members_liked() -> None:
    plainly = [line(at, f"user{at}", f"the party plan number {at} has music and food") for at in range(1, 12)]
    liked = [
        *plainly[:7],
        line(8, "user8", "the party plan number 8 has music and food", votes=30),
        *plainly[8:],
    ]
    assert not any(8 in claim.message_ids for claim in extract_topics(plainly)[0].sentences)
    assert any(8 in claim.message_ids for claim in extract_topics(liked)[0].sentences)


def test_thanks_lift_the_answer_they_are_for() -> None:
    lines = [line(1, "ann", "which party plan shall we take for the summer?", HELP)]
    lines += [line(at, f"user{at}", f"the party plan number {at} has music and food") for at in range(2, 13)]
    thanks = line(13, "ann", "thanks, that solved it", reply_to=9)
    assert not any(9 in claim.message_ids for claim in extract_topics(lines)[0].sentences)
    assert any(9 in claim.message_ids for claim in extract_topics([*lines, thanks])[0].sentences)


def test_markup_mentions_and_code_are_not_in_titles() -> None:
    lines = said(
        ("ann", "**Kernel** panic <@123456> after `apt upgrade` <:sad:99> https://example.org/a @everyone"),
        ("bob", "the **kernel** panic comes from ||nvidia|| drivers"),
        ("cid", "```py\nprint('nothing')\n``` kernel panic here, nvidia drivers too"),
    )
    (topic,) = extract_topics(lines)
    assert "kernel panic" in topic.title.lower()
    assert not set("*`<>|_@") & set(topic.title)
    assert "http" not in topic.title


def test_a_long_talk_is_cut_where_its_subject_changes() -> None:
    subjects = ("the printer driver prints blank pages", "tomato seedlings need water in the garden")
    texts = [f"{subject} number {at}" for subject in subjects for at in range(16)]
    lines = [line(at, ("ann", "bob")[at % 2], text, minutes=at) for at, text in enumerate(texts, 1)]
    found = [{lines[at].message_id for at in topic} for topic in topics(lines)]
    assert found == [set(range(1, 17)), set(range(17, 33))]


def test_greetings_alone_are_no_topic() -> None:
    assert extract_topics(said(("ann", "hi"), ("bob", "hey"))) == ()
    assert extract_topics([]) == ()
    assert extract_topics(said(("ann", "   "), ("bob", ""))) == ()


def test_the_same_subject_in_two_channels_is_one_topic_and_another_is_not() -> None:
    lines = both() + [
        line(40 + at, f"far{at}", text, channel=3, minutes=600 + at)
        for at, text in enumerate(
            ("the printer driver on my machine is old", "new printer driver for the office printer is there")
        )
    ]
    found = topics(lines)
    ids = [{lines[at].message_id for at in topic} for topic in found]
    assert any({1, 40, 41} <= each for each in ids)
    assert not any({1, 20} <= each for each in ids)


def test_vectors_of_an_encoder_can_be_used() -> None:
    lines = both()
    vectors = HashedEncoder(64).encode_now([each.text for each in lines])
    assert sorted(at for topic in topics(lines, vectors) for at in topic) == list(range(len(lines)))
    assert extract_topics(lines, vectors)


def test_two_thousand_lines_take_a_second_and_a_half_of_one_core_at_most() -> None:
    random = np.random.default_rng(3)
    words = np.array([f"w{number}x" for number in range(8_000)])
    lines = [
        line(
            at,
            f"user{random.integers(300)}",
            " ".join(words[random.zipf(1.3, 11) % len(words)]),
            HELP if at % 12 == 0 else "other",
            minutes=at / 7,
            channel=int(random.integers(14)),
        )
        for at in range(1, 2_001)
    ]
    begin = time.thread_time()
    found = extract_topics(lines)
    assert found
    assert time.thread_time() - begin < 1.5


@pytest.mark.parametrize(
    "text",
    [
        "<@" * 2_000,
        "`" * 4_000,
        "hi, " * 1_000,
        "can you add " * 330,
        "i'll go try to " * 260,
        "x" * 4_000,
        "\n" * 4_000,
    ],
    ids=["mentions", "code", "greetings", "requests", "promises", "one word", "empty lines"],
)
def test_no_text_takes_long_to_read(text: str) -> None:
    lines = [line(at, ("ann", "bob")[at % 2], text, HELP) for at in range(1, 5)]
    begin = time.thread_time()
    extract_topics(lines)
    assert time.thread_time() - begin < 0.25


def test_what_is_said_twice_is_told_once() -> None:
    again = "The paste site for long logs is in the topic of this channel"
    [topic] = extract_topics(said(*[("bot", again)] * 3, ("ann", "which paste site takes long logs here")))
    assert [claim.text for claim in topic.sentences].count(f"bot: {again}") == 1


def test_a_question_that_says_nothing_is_no_title() -> None:
    text = "The CSV export crashes with more than 500 lamps. Does anyone know what is wrong?"
    [topic] = extract_topics([line(0, "ann", text, PROBLEM)])
    assert "anyone" not in topic.title
    assert "csv export" in topic.title.lower()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("thanks <@17>, fixed", "thanks, fixed"),
        ("GRUB_CMDLINE is _not_ __set__", "GRUB_CMDLINE is not set"),
        ("API_KEY=[redacted: api key] leaked", "API_KEY=(redacted) leaked"),
    ],
    ids=["mention", "underscores", "redacted"],
)
def test_texts_stay_readable_without_their_markup(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert plain(shown) == shown


def test_a_title_knows_the_few_messages_whose_words_it_is() -> None:
    [topic] = extract_topics(said(*PRINTER))
    assert topic.title == "Why does the office printer print blank pages?"
    assert topic.title_ids == (1,)
    left = without(topic, {1})
    assert "blank pages?" not in left.title
    assert without(topic, {99}) == topic


def test_a_title_has_words_said_once_only_where_there_are_no_others() -> None:
    lines = said(
        ("ann", "The coffee machine edited itself into the payroll again"),
        ("bob", "the coffee machine has a free weekend ahead and I have none"),
        ("cid", "if the office burns down it was the coffee machine, so hide the matches"),
    )
    [topic] = extract_topics(lines)
    assert topic.title.lower() == "coffee machine"
    assert set(topic.title_ids) == {each.message_id for each in lines}
