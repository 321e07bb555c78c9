import time
from string import punctuation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlp.links import MAX_TEXT
from bot.nlp.pitches import BAIT
from bot.nlp.spam import MAX_REASON_WORDS, SPAM, Spam, spam_of


def judged(text: str) -> Spam:
    return spam_of(text, {word.strip(punctuation) for word in text.lower().split()})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hey look https://dlscord-gift.com/abc", "link to dlscord-gift.com imitates discord.com"),
        ("https://discord.com.login.ru", "link to shows discord.com but belongs to login.ru"),
        ("[discord.com](https://evil-place.top/1)", "link shows discord.com but leads to evil-place.top"),
        (
            "claim your reward at https://bonus-place.example",
            "'claim your' with a link to bonus-place.example",
        ),
        ("free nitro at dlscord-promo.ru quick", "names dlscord-promo.ru imitates discord.com"),
        ("join my server discord.gg/abcdefg", "'join my server' with an invitation"),
        ("earn $500 a day, dm me", "'earn $5' and 'dm me'"),
    ],
)
def test_the_reason_uses_the_texts_own_words(text: str, reason: str) -> None:
    spam = judged(text)
    assert spam.probability >= SPAM
    assert spam.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "@everyone grab free robux here https://rbx-giver.example/get",
        "join my server for egirls discord.gg/abcdefg",
        "I lost my job but my crypto mentor helped, write her on whatsapp",
        "your account will be disabled, verify here: https://account-check.example",
        "selling two accounts, paypal f&f only",
        "this is not a scam, free nitro https://nitro-place.example",
        "sync your wallet to claim 300 tokens first: https://tokens.example",
    ],
)
def test_bait_is_spam(text: str) -> None:
    assert judged(text).probability >= SPAM


@pytest.mark.parametrize(
    "text",
    [
        "don't click https://dlscord-gift.com, it steals your login",
        "heads up: somebody posts free nitro links again, https://dlscord-gift.com",
        "is this legit? https://steamcomnunity-trade.ru/offer",
        "got a dm with free nitro https://dlscord-gift.com what is it",
        "hxxps://dlscord-gift.com free nitro",
        "`https://dlscord-gift.com` is what he sent to half of the channel",
        '"claim your free nitro now, dm me" lol who still believes that',
        "> free nitro at https://dlscord-gift.com/x\nwho let this bot in here",
        "free nitro is such a scam",
    ],
)
def test_warnings_and_quotations_are_not(text: str) -> None:
    assert judged(text) == Spam(0.0, "")


@pytest.mark.parametrize(
    "text",
    [
        "GIVEAWAY! react with the party emoji to win one of two steam keys, the bot draws on friday",
        "we give away nitro to a booster each month, see #events",
        "the first 20 people in voice get the role",
        "my project's page: https://my-little-project.example",
        "dm me if you need the logs",
        "is the free tier enough for a bot?",
        "the claim in the token is wrong, see https://jwt.io",
        "our wallet code: https://github.com/a/wallet, does connect wallet work for you?",
        "join the beta: discord.gg/abcdefg",
        "https://steamdb.info/app/440 is free this weekend",
        "call free() before you return 0, it won the benchmark",
    ],
)
def test_ordinary_messages_are_not(text: str) -> None:
    assert judged(text).probability < SPAM


def test_hardly_any_alarm_in_real_chat(day_log_lines: list[str]) -> None:
    alarms = [text for text in day_log_lines if judged(text).probability >= SPAM]
    assert len(day_log_lines) > 9_000
    assert len(alarms) / len(day_log_lines) <= 0.001


PIECES = (
    *sorted(BAIT),
    *(
        "https://dlscord-gift.com",
        "evil.ru",
        "discord.gg/abc",
        "don't click",
        '"',
        "`",
        "> ",
        "\n",
        "@everyone",
        "$500",
        "99%",
    ),
    *(
        "\u0430\u0440\u0440",
        "😀",
        "[discord.com](https://evil.ru)",
        "xn--",
        "://",
        "within 24h",
        "nitro",
        "dm me",
        "\u201c",
        "\u201d",
    ),
)


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join)))
def test_never_raises_and_its_reason_is_short(text: str) -> None:
    spam = judged(text)
    assert 0 <= spam.probability <= 1
    assert len(spam.reason.split()) <= MAX_REASON_WORDS
    assert bool(spam.reason) == (spam.probability >= SPAM)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
def test_what_a_reason_quotes_stands_in_the_text(text: str) -> None:
    flat = " ".join(text.lower().split())
    for quoted in judged(text).reason.split("'")[1::2]:
        if "'" not in text:
            assert quoted in flat


@pytest.mark.parametrize(
    "piece",
    [*PIECES, "free ", "nitro ", "a", "\u0430", "essays ", "giving my ", "do not ", "(", "[", "https://-."],
)
def test_time_grows_with_length_only(piece: str) -> None:
    text = (f"{piece} free " * MAX_TEXT)[:MAX_TEXT]
    began = time.process_time()
    judged(text)
    spam_of((piece * MAX_TEXT)[: 10 * MAX_TEXT], {"free"})
    assert time.process_time() - began < 0.25  # seconds; measured below 0.02
