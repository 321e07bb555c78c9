"""What a written conversation is made of, and what is expected of the bot."""

from dataclasses import dataclass, field
from enum import StrEnum

READING_SECONDS = 1.2  # before anyone reacts
CHARACTERS_PER_SECOND = 40.0  # people in a demo type fast
LONGEST_PAUSE = 4.0  # seconds


class Outcome(StrEnum):
    """What the bot does about a message."""

    UNSEEN = "unseen"  # not even stored
    QUIET = "quiet"
    ANSWERED = "answered"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of a message; None leaves a tag open."""

    outcome: Outcome = Outcome.QUIET
    intent: str = "other"
    purpose: str | None = None
    sentiment: str | None = None
    urgency: str | None = None
    reason: str | None = None  # the decision's, word for word
    hidden: str = ""  # must not be stored


@dataclass(frozen=True, slots=True)
class Line:
    """Someone says something. "@name" in the text becomes a mention of that member."""

    author: str
    place: str  # a channel or thread; with `title`, the forum
    text: str
    expected: Expected
    about: str  # what this shows, for --check and the failures
    key: str = ""  # by which later steps name it
    reply_to: str = ""  # key
    title: str = ""  # opens a forum post of that title

    @property
    def pause(self) -> float:
        """Seconds a person would take to write it."""
        return pause_for(self.text)


@dataclass(frozen=True, slots=True)
class Edit:
    """Someone edits what they said."""

    key: str
    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """Someone deletes what they said."""

    key: str
    about: str


Step = Line | Edit | Deletion


@dataclass(frozen=True, slots=True)
class Person:
    """A member, or a bot, of the guild."""

    name: str  # of the account
    display: str
    roles: tuple[str, ...] = ()
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A channel; one with `only` is read by that role alone."""

    name: str
    kind: str = "text"
    topic: str = ""
    only: str = ""
    bot_may: tuple[str, ...] = ()  # what the bot may here beside what its invite link asks for
    closed: bool = False  # to posts of members; they write in the threads there


@dataclass(frozen=True, slots=True)
class Desk:
    """Where tickets live, who works on them, and what staff have taught before anybody asks."""

    forum: str
    panel: str  # channel
    role: str
    teacher: str  # member of staff
    lessons: tuple[tuple[str, str], ...]  # question, answer
    hint: str  # what to try


@dataclass(frozen=True, slots=True)
class Daily:
    """Where the daily summary goes, and when."""

    channel: str
    time: str
    hint: str  # what to try


@dataclass(frozen=True, slots=True)
class Conversation:
    """A guild and what is said in it."""

    guild: str
    owner: Person
    people: tuple[Person, ...]
    places: tuple[Place, ...]
    threads: tuple[tuple[str, str, str], ...] = ()  # who starts it, in which channel, its name
    posts: tuple[tuple[str, str, str, str], ...] = ()  # there before the bot: who, forum, title, text
    staff_channel: str = ""
    guest: str = ""  # as whom the chat page opens: a member with no part in the questions
    desk: Desk | None = None
    daily: Daily | None = None
    steps: tuple[Step, ...] = field(default=())

    @property
    def lines(self) -> list[Line]:
        """The steps that say something."""
        return [step for step in self.steps if isinstance(step, Line)]

    @property
    def deleted(self) -> set[str]:
        """The keys of lines that somebody deletes."""
        return {step.key for step in self.steps if isinstance(step, Deletion)}

    def display(self, name: str) -> str:
        """Return how a member is called in the guild."""
        known = {person.name: person.display for person in (self.owner, *self.people)}
        return known.get(name, name)


def pause_for(text: str) -> float:
    """Return the seconds a person would take to write a text."""
    return min(LONGEST_PAUSE, READING_SECONDS + len(text) / CHARACTERS_PER_SECOND)
