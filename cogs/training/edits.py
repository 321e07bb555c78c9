"""What the options of `/train edit` make of an entry. Pure functions."""

from dataclasses import replace
from typing import NamedTuple

from bot.domain.errors import UserFacingError
from bot.services.training.drafts import Draft, keys_of
from bot.texts import text

NONE = "-"  # as a category


class Edit(NamedTuple):
    """The options; None: left out."""

    add_question: str | None
    remove_question: str | None
    answer: str | None
    category: str | None


def edited(draft: Draft, edit: Edit) -> Draft:
    """Return `draft` with the options applied.

    Raises:
        UserFacingError: the question to remove isn't there.
    """
    questions = keys_of(draft.questions)
    if edit.remove_question is not None:
        [key] = keys_of([edit.remove_question])
        if questions.pop(key, None) is None:
            raise UserFacingError(text("training.edit_no_such_question"))
    kept = (*questions.values(), *([edit.add_question] if edit.add_question else []))
    category = draft.category if edit.category is None else edit.category
    return replace(
        draft,
        questions=kept,
        answer=edit.answer if edit.answer is not None else draft.answer,
        category="" if category == NONE else category,
    )
