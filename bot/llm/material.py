"""What a feature knows before it asks a language model, so that an answer can be made without one too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A message of a conversation."""

    author: str
    text: str
    when: datetime  # aware


@dataclass(frozen=True, slots=True)
class Material:
    """What is known.

    Attributes:
        question: what was asked, or the text to be judged.
        lines: the conversation, oldest first.
        answers: the trained answers that fit, best first.
        facts: by their names for people, such as "reason" or "channel"; for `classify` and `route` the score
            of each label, as a number, or the label under "label".
        labels: what `classify` and `route` choose from.
        language: of the question, such as "en"; "und" where unknown.
    """

    question: str = ""
    lines: tuple[Line, ...] = ()
    answers: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    language: str = "und"
