from datetime import UTC, datetime

from bot.models import TrainingEntry
from bot.services.tickets import wording
from bot.services.tickets.talk import MOST_MESSAGES, recent, searches, talk_of
from tests.db.support import NOW, ticket, ticket_message

TICKET = ticket(title="It fails", question="It fails when I start it.", environment="v2")
ASKED = ticket_message(1, 5, content="and now?")
BEFORE = [
    ticket_message(1, 1, content="version two"),
    ticket_message(1, 2, content="Try this.", role="bot", author_name="whatever"),
    ticket_message(1, 3, content=""),
]


def test_a_talk_is_all_that_was_said_before_the_question() -> None:
    talk = talk_of(TICKET, [*BEFORE, ASKED, ticket_message(1, 6)], ASKED, "Home")
    opening = "It fails\nIt fails when I start it.\n(v2)"
    assert talk.history == (("Ada", opening), ("Ada", "version two"), ("Lookout", "Try this."))
    assert (talk.question, talk.author, talk.server) == ("and now?", "Ada", "Home")
    assert talk_of(TICKET, BEFORE, None, "").question == opening


def test_of_a_long_talk_the_newest_is_kept_as_far_as_a_model_can_take_it() -> None:
    assert recent([("a", f"text {number}") for number in range(50)])[0] == ("a", f"text {50 - MOST_MESSAGES}")
    long = [("a", "word " * 600), ("b", "word " * 600), ("c", "end")]
    assert [author for author, _ in recent(long)] == ["b", "c"]
    [(_, alone)] = recent([("a", "word " * 100_000)])
    assert len(alone) == 2_000


def test_a_follow_up_is_looked_for_together_with_what_came_before() -> None:
    assert searches(TICKET, [*BEFORE, ASKED], ASKED) == ["and now?", "version two\nand now?"]
    assert searches(TICKET, [ASKED], ASKED)[1] == "It fails when I start it.\nand now?"


def test_a_title_that_says_nothing_more_is_not_looked_for() -> None:
    assert searches(TICKET, [], None) == ["It fails when I start it."]
    other = ticket(title="Printer", question="It fails.")
    assert searches(other, [], None) == ["It fails.", "Printer\nIt fails."]


def an_entry(answer: str, links: list[str]) -> TrainingEntry:
    by = {"created_by": 1, "created_at": NOW, "updated_by": 1, "updated_at": NOW}
    return TrainingEntry.model_validate({"id": 7, "guild_id": 1, "answer": answer, "links": links, **by})


def test_links_are_appended_once_and_only_where_they_fit() -> None:
    entry = an_entry("See https://a.example", ["https://a.example", "https://b.example"])
    assert wording.trained(entry).split("\n") == [
        "See https://a.example", "https://b.example", "-# Answer by the team, entry #7",
    ]  # fmt: skip
    entry.answer = "x" * 4_000
    entry.links = ["https://b.example/" + "y" * 100]
    assert len(wording.trained(entry)) <= wording.LONGEST
    assert "example" not in wording.trained(entry)


def test_out_of_hours_a_member_is_told_when_staff_are_back() -> None:
    begin = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert wording.handed_over(begin).endswith("They are back <t:1772442000:F> (<t:1772442000:R>).")
    assert "back" not in wording.handed_over(None)
