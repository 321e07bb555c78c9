"""Which words are emoji."""

import pytest

from bot.domain.emoji import is_emoji


@pytest.mark.parametrize(
    "word",
    [
        "\N{CREDIT CARD}", "\N{HEAVY BLACK HEART}\ufe0f", "\N{GEAR}", "1\ufe0f\u20e3",
        "\N{REGIONAL INDICATOR SYMBOL LETTER A}\N{REGIONAL INDICATOR SYMBOL LETTER T}",
        "\N{WOMAN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}\u200d\N{PERSONAL COMPUTER}",
        "\N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW}",
        "<:cat:123456789012345678>", "<a:cat:123456789012345678>",
    ],
    ids=ascii,
)  # fmt: skip
def test_emoji(word: str) -> None:
    assert is_emoji(word)


@pytest.mark.parametrize(
    "word",
    ["", "-", "*", "\N{BULLET}", "\N{EM DASH}", "\N{RIGHTWARDS ARROW}", "#", "1", "?!", "a", "<b>",
     "<:cat:>", "\N{CREDIT CARD}x", "\ufe0f", "\N{CREDIT CARD}\N{CREDIT CARD}"],
    ids=ascii,
)  # fmt: skip
def test_no_emoji(word: str) -> None:
    assert not is_emoji(word)
