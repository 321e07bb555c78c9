import pytest

from bot.nlp.outcomes import outcomes_of


@pytest.mark.parametrize(
    "text",
    [
        "Let's go with Postgres for the new service.",
        "ok, we decided to drop Windows 7 support",
        "We've agreed that releases happen on Tuesdays.",
        "Agreed: the meeting moves to Friday at ten",
        "After the vote it is settled, we'll use the blue logo.",
        "the proposal was accepted by everybody present",
        "Looks fine to me. We're going with option B then.",
    ],
)
def test_decisions_are_found(text: str) -> None:
    found = outcomes_of(text)
    assert len(found.decisions) == 1
    assert found.decisions[0] in text
    assert not found.actions


@pytest.mark.parametrize(
    "text",
    [
        "Should we go with Postgres for the new service?",
        "we haven't decided on the logo yet",
        "if we agreed on that, it would be easier",
        "Have you decided which one to take?",
        "> we decided to drop Windows 7 support",
        "```\nlet's go with a string of code here\n```",
        "I agree",
    ],
)
def test_what_is_open_or_quoted_is_no_decision(text: str) -> None:
    assert outcomes_of(text).decisions == ()


@pytest.mark.parametrize(
    "text",
    [
        "I'll write the release notes tonight",
        "can you send me the logs by Friday?",
        "TODO: update the page about backups",
        "@bob please review the pull request about fonts",
        "someone should update the wiki about this",
        "the certificate needs to be there, so somebody needs to upload it",
        "I am going to open an issue for that",
        "Let me check the logs of last night",
        "we will merge it after lunch",
    ],
)
def test_things_to_do_are_found(text: str) -> None:
    found = outcomes_of(text)
    assert found.actions == (text,)
    assert not found.decisions


@pytest.mark.parametrize(
    "text",
    [
        "I'll try that when I am home",
        "let me know how it goes tomorrow",
        "I will not write the notes again",
        "can you send me the logs",
        "I'll check that out, thanks",
        "I'll fix it",
        "well put it this way....",
        "let me put it like that for you",
    ],
)
def test_talk_is_nothing_to_do(text: str) -> None:
    assert outcomes_of(text).actions == ()


def test_only_the_sentence_is_taken() -> None:
    found = outcomes_of("Morning all, nice weather. I'll draft the announcement today. Anything else?")
    assert found.actions == ("I'll draft the announcement today.",)
