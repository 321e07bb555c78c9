"""Whatever staff write, Discord takes the embed, and shows it letter by letter."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.errors import UserFacingError
from bot.models import ChangeKind, TrainingChange, TrainingEntry
from bot.services.training.drafts import Draft
from bot.services.training.entries import Batch, Page, Trained
from bot.services.training.importing import Issue, Report
from bot.services.training.knowledge import Band, Candidate, Found
from cogs.training.edits import Edit, edited
from cogs.training.embeds import (
    answer_embed,
    batches_embed,
    entry_embed,
    history_embed,
    page_embed,
    report_embed,
    report_text,
)
from tests.db.support import NOW
from tests.fake_interaction import check_embed

noisy = st.text(alphabet="*_`~|>[]()#<@a\n\\€", min_size=1, max_size=4_000)


def trained(answer: str, question: str, count: int = 1) -> Trained:
    values: dict[str, Any] = {
        "id": 1, "guild_id": 1, "answer": answer, "category": question[:100], "valid_from": NOW,
        "links": [f"https://x.org/{'x' * 480}{number}" for number in range(10)], "valid_until": NOW,
        "source_url": "https://x.org", "used_count": 1, "created_by": 1, "created_at": NOW,
        "updated_by": 1, "updated_at": NOW,
    }  # fmt: skip
    return Trained(TrainingEntry(**values), (question[:1_000],) * count)


@example("*" * 4_000, "`" * 1_000)
@given(noisy, noisy)
def test_every_embed_fits(answer: str, question: str) -> None:
    many = trained(answer, question, 50)
    check_embed(entry_embed(many))
    check_embed(page_embed(Page((many,) * 10, 1, 2, 20), question[:120]))
    found = tuple(Candidate(many.entry, question[:1_000], 0.5, is_exact=True) for _ in range(5))
    for band in Band:
        check_embed(answer_embed(question[:1_000], Found(found, band, 0.7, 0.35, "words", is_fallback=True)))
    issues = [Issue(number, question) for number in range(9)]
    report = Report(duplicates=issues, conflicts=issues, invalid=issues)
    check_embed(report_embed(report, is_done=False))
    assert report_text(report).count("row 8") == 3
    change = TrainingChange(
        id=1, guild_id=1, entry_id=1, batch="b", actor_id=1, kind=ChangeKind.EDIT, at=NOW, undone_by=2,
        before={"answer": "a", "links": []}, after={"answer": "b", "links": []},
    )  # fmt: skip
    check_embed(history_embed(1, [change] * 25))
    check_embed(batches_embed([Batch("b", 1, 2_000, "import", 1, NOW, 1, 2_000)] * 25))


def test_an_entry_is_shown_as_it_is_stored_and_tried_out_as_its_asker_sees_it() -> None:
    once = trained("Press **Forgot**.", "how?")
    assert entry_embed(once).description == "Press \\*\\*Forgot\\*\\*."
    assert {each.name: each.value for each in entry_embed(once).fields}["Used"] == "1 time · 👍 0 · 👎 0"
    best = Candidate(once.entry, "how?", 0.9, is_exact=True)
    tried = answer_embed("how?", Found((best,), Band.TRAINED, 0.7, 0.35, "words", is_fallback=False))
    assert tried.fields[0].value == "Press **Forgot**."


def test_nothing_is_said_where_there_is_nothing() -> None:
    for embed in (page_embed(Page((), 1, 1, 0), "Trained"), batches_embed([]), history_embed(7, [])):
        check_embed(embed)
        assert "There " in str(embed.description)
    nothing = answer_embed("how?", Found((), Band.BELOW, 0.7, 0.35, "words", is_fallback=False))
    assert "nothing is trained" in str(nothing.fields)
    assert report_text(Report()) == ""


def test_options_change_what_they_name_alone() -> None:
    draft = Draft(("one", "two"), "So.", "c")
    assert edited(draft, Edit("three", "ONE!", None, "-")) == Draft(("two", "three"), "So.")
    assert edited(draft, Edit(None, None, "Thus.", None)) == Draft(("one", "two"), "Thus.", "c")
    with pytest.raises(UserFacingError, match="isn't asked this way"):
        edited(draft, Edit(None, "three", None, None))


def test_what_nobody_is_named_for_was_done_by_somebody() -> None:
    shown = batches_embed([Batch("b", 1, 2, "import", 0, NOW, 1, 0)]).description
    assert shown is not None
    assert "somebody" in shown
    assert "<@0>" not in shown
