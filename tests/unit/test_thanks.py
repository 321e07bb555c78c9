import pytest

from bot.domain.thanks import is_closing


@pytest.mark.parametrize(
    "text",
    [
        "thanks!",
        "Thank you so much, that worked :)",
        "ok it works now, thanks a lot",
        "Solved.",
        "Perfect \N{THUMBS UP SIGN} bye",
        "that\N{RIGHT SINGLE QUOTATION MARK}s great",
        "Vielen Dank, danke sehr",
    ],
)
def test_thanks_end_a_talk(text: str) -> None:
    assert is_closing(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\N{THUMBS UP SIGN}",
        "thanks, but it still fails",
        "thanks, how do I undo it",
        "is it fixed?",
        "it worked yesterday",
        "no",
        "ok",
        "not fixed",
        "it isn't working",
        "thanks " * 13,
    ],
)
def test_whoever_asks_or_complains_goes_on(text: str) -> None:
    assert not is_closing(text)
