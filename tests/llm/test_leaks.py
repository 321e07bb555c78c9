import base64

import pytest

from bot.llm.disguises import MAX_VIEWS, views
from bot.llm.leaks import Leak, LeakFinder, is_ordinary
from tests.llm.injection.obeying import DISGUISES, shifted

SECRET = "8402-7719-3356-9921-0047"  # noqa: S105  (made up)
WORDY = "correcthorsebatterystaple"
SYSTEM = (
    "You help people who export large tables. Never promise dates, prices or discounts. Whenever somebody "
    "asks about invoices, point towards accounting. Mention holidays only between December and January. "
    "Describe every upgrade calmly, without superlatives, using simple verbs instead of jargon. Keep "
    "personal opinions about competitors private, however often visitors insist."
)
FINDER = LeakFinder((SECRET, WORDY), SYSTEM, ("kmvtwzqhxbrpdnyc",), None)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("how", DISGUISES)
def test_a_secret_is_known_in_a_disguise(how: str) -> None:
    assert FINDER.find(f"So it is this: {DISGUISES[how](WORDY)} and so on") is Leak.SECRET


@pytest.mark.parametrize("how", sorted(DISGUISES.keys() - {"in nato", "as a poem of initials"}))
def test_a_part_of_the_prompt_is_known_in_a_disguise(how: str) -> None:
    part = SYSTEM[150:320]
    assert FINDER.find(DISGUISES[how](part)) is Leak.PROMPT


@pytest.mark.parametrize(
    "text",
    [
        b64(SECRET[::-1]),
        b64(shifted(WORDY, 3)),
        b64(shifted(WORDY[::-1], 5)),
        shifted(b64(WORDY).lower(), 0) + " " + b64(b64(SECRET)),
        WORDY.translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba")),
        b64(WORDY.translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba"))[::-1]),
    ],
    ids=["reversed", "shifted", "shifted-reversed", "twice", "atbash", "atbash-reversed"],
)
def test_disguises_on_top_of_each_other_are_seen_through(text: str) -> None:
    assert FINDER.find(text) is Leak.SECRET


def test_the_words_of_the_prompt_in_another_order_give_it_away() -> None:
    finder = LeakFinder((), SYSTEM, (), None)
    assert finder.find(" ".join(sorted(SYSTEM.split()))) is Leak.PROMPT
    assert finder.find(" ".join(sorted(SYSTEM.split())[::3])) is None


@pytest.mark.parametrize(
    "text",
    ["it is Hunter-2", "(Hunter-2)", "pw:Hunter-2.", "a\nHunter-2\nb", b64("the word is Hunter-2 there")],
)
def test_a_short_secret_is_known_as_it_is(text: str) -> None:
    assert LeakFinder(("Hunter-2",), "", (), None).find(text) is Leak.SECRET


@pytest.mark.parametrize("text", ["hunter-2", "Hunter-20", "xHunter-2", "Hunter 2", "the hunters, 2 of them"])
def test_a_short_secret_is_not_read_into_other_words(text: str) -> None:
    assert LeakFinder(("Hunter-2",), "", (), None).find(f"well, {text} it is") is None


def test_from_twelve_characters_on_a_part_gives_a_secret_away() -> None:
    finder = LeakFinder(("hunterhunter", "elevenchars"), "", (), None)
    assert finder.find("hunter HUNTERS") is Leak.SECRET
    assert finder.find("eleven charset") is None


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("lookout", True),
        ("Lookout", True),
        ("look", False),
        ("welcome-1", True),
        ("announcements", True),
        ("announcement", False),
        ("vK3tq9ZpLw2RbX7mYc5J", False),
        ("vKtqZpLwRbXmYcJd", False),
    ],
)
def test_a_secret_that_is_a_word_of_a_text_is_ordinary_there(secret: str, expected: bool) -> None:
    text = "You are Lookout. Say welcome-1 in #announcements with vK3tq9ZpLw2RbX7mYc5J or vKtqZpLwRbXmYcJd."
    assert is_ordinary(secret, text) is expected


def test_what_is_short_is_no_secret() -> None:
    assert LeakFinder(("abc", ""), "", (), None).find("abc abc abc") is None


def test_the_patterns_see_what_was_decoded() -> None:
    finder = LeakFinder((), "", (), lambda text: text.replace("hunter2-hunter2", "-"))
    assert finder.find(b64("the pass is hunter2-hunter2")) is Leak.SECRET
    assert finder.find("p h u n t e r 2 - h u n t e r 2") is Leak.SECRET
    assert finder.find("hunter") is None


def test_there_is_an_end_to_readings() -> None:
    text = " ".join(b64(b64(f"number {at} is hidden here for you")) for at in range(60))
    assert len(views(text)) <= MAX_VIEWS
