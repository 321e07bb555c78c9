from datetime import UTC, datetime, timedelta

from bot.domain.summaries import Line
from bot.nlp.addressing import Names
from bot.nlp.conversations import conversations
from bot.nlp.hashed import HashedEncoder
from tests.unit.nlp.talk import line, said

HELP, PROBLEM = "help_request", "problem_report"


def talks(lines: list[Line]) -> list[list[int]]:
    vectors = HashedEncoder(256).encode_now([each.text for each in lines])
    return conversations(lines, vectors)


def test_two_talks_at_once_are_told_apart_by_who_is_named() -> None:
    lines = said(
        ("ann", "the printer on the second floor refuses to print in colour", HELP),
        ("bob", "how do I mount a network share at boot?", HELP),
        ("cid", "ann: does it show an error?"),
        ("dan", "bob: put it into fstab with the option _netdev"),
        ("ann", "cid: it says cyan is empty"),
        ("bob", "dan: that mounts it, great"),
    )
    assert talks(lines) == [[0, 2, 4], [1, 3, 5]]


def test_a_reply_belongs_to_what_it_replies_to_however_late() -> None:
    lines = said(
        ("ann", "which editor do you use for the docs?", HELP),
        ("bob", "lunch anybody, pizza or noodles today", PROBLEM),
    )
    late = line(9, "cid", "the one from the wiki", minutes=900.0, reply_to=lines[0].message_id)
    assert talks([*lines, late]) == [[0, 2], [1]]


def test_places_are_never_mixed_and_a_thread_is_one_talk() -> None:
    lines = [
        line(1, "ann", "the login page shows a blank screen", minutes=0, channel=1),
        line(2, "ann", "the login page shows a blank screen", minutes=1, channel=2),
        line(3, "bob", "first words of a thread", minutes=2, channel=1, thread=50),
        line(4, "cid", "something wholly different hours later", minutes=700, channel=1, thread=50),
    ]
    assert talks(lines) == [[0], [1], [2, 3]]


def test_who_goes_on_talking_stays_in_their_talk() -> None:
    lines = said(
        ("ann", "the backup job fails every night", PROBLEM),
        ("ann", "it says permission denied"),
        ("ann", "on both servers"),
    )
    assert talks(lines) == [[0, 1, 2]]


def test_after_a_long_silence_a_new_talk_begins() -> None:
    lines = [
        line(1, "ann", "good talk yesterday about the parser", minutes=0),
        line(2, "bob", "who wants to play chess tonight", minutes=600),
    ]
    assert talks(lines) == [[0], [1]]


def test_naming_somebody_joins_their_talk_for_half_a_day() -> None:
    asked = line(1, "ann", "the printer on the second floor refuses to print", minutes=0)
    within = line(2, "bob", "ann: which colour is it", minutes=700)
    beyond = line(2, "bob", "ann: which colour is it", minutes=760)
    assert talks([asked, within]) == [[0, 1]]
    assert talks([asked, beyond]) == [[0], [1]]


def test_the_order_of_the_lines_does_not_matter() -> None:
    lines = said(
        ("ann", "the printer refuses to print", HELP),
        ("bob", "how do I mount a share?", HELP),
        ("cid", "ann: which printer is it"),
        ("dan", "bob: use fstab"),
    )
    backwards = lines[::-1]
    found = {tuple(backwards[at].message_id for at in talk) for talk in talks(backwards)}
    assert found == {tuple(lines[at].message_id for at in talk) for talk in talks(lines)}
    assert talks([]) == []


def test_names_are_found_in_front_marked_or_where_they_can_be_nothing_else() -> None:
    lines = said(("Ann", "x"), ("will", "x"), ("user07", "x"))
    names = Names(lines)
    ids = {each.author_name: each.author_id for each in lines}

    def named(text: str) -> tuple[int, ...]:
        other = Line(99, 1, None, 999, "eve", text, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1))
        return tuple(names.named_in(other))

    assert named("ann: try again") == (ids["Ann"],)
    assert named("that is for @Will, I think") == (ids["will"],)
    assert named("this will work") == ()  # a word like any other
    assert named("!paste | user07") == (ids["user07"],)
    assert named(f"<@{ids['Ann']}> look") == (ids["Ann"],)
    assert named("<@123456> look") == ()  # nobody of these lines


def test_the_same_words_half_a_day_later_begin_a_new_talk() -> None:
    text = "the parser tests are red on the main branch"
    assert talks([line(1, "ann", text, minutes=0), line(2, "bob", text, minutes=20)]) == [[0, 1]]
    assert talks([line(1, "ann", text, minutes=0), line(2, "bob", text, minutes=600)]) == [[0], [1]]
