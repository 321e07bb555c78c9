import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.signal import MAX_RATIONALE_WORDS, Intent, Judgement, Purpose, Sentiment, Urgency
from bot.nlp.classifier import EmbeddedClassifier, NanoClassifier
from tests.unit.nlp.judged_texts import SENTENCES, as_written, quoted

CLASSIFIER: NanoClassifier = EmbeddedClassifier()
ANSWERED_FROM = 0.6  # the default confidence threshold

HELP = [
    "how do I configure quiet hours?",
    "can anyone help me set up roles?",
    "Hi! is there a way to export a channel?",
    "where can i find the invite link?",
    "any suggestions for a good logging library?",
    "I'm looking for a guide to self-hosting, does anyone have one?",
    "is it possible to move a thread to another channel?",
    "which port should I open for the dashboard?",
    "what's the best way to back up the database?",
    "need some help with permissions please",
    "how do you pin a message?",
]
PROBLEM = [
    "getting a 403 from the API when I call /users with my new token, can anyone help?",
    "the bot crashes every time I run /summary, any ideas?",
    "I keep getting an error when I try to log in: invalid credentials",
    "my webhook stopped working since the update",
    "I can't connect to the voice channel, it says connection refused",
    "why am I getting TypeError: undefined is not a function?",
    "hey, I have a problem with the installer, it hangs at 99%",
    "URGENT: prod is down, users get 500 on checkout, please help",
    "is it normal that the build fails with exit code 1? I get an exception",
]
OTHER = [
    "@bob have you tried turning it off and on again?",
    "<@123456789012345678> which version are you on?",
    "which version are you on?",
    "which terminal do you use?",
    "did you check the logs?",
    "can you paste the full error?",
    "could you show me your config?",
    "do you have the latest driver?",
    "what do you mean by broken?",
    "thanks, that fixed the 403!",
    "fixed it, the token had expired",
    "never mind, figured it out",
    "I had the same error, it was the proxy",
    "you need to restart the server after changing the config",
    "you can find it in the settings",
    "try running it with sudo",
    "that's because the cache is stale",
    "lol what could possibly go wrong",
    "how are you?",
    "how's it going everyone",
    "what's up",
    "why would anyone do that?",
    "who cares?",
    "hi all",
    "good morning",
    "ok",
    "it gives me no trouble so far",
    "here's how to do it: open the menu",
    "```\nTraceback (most recent call last):\nValueError: nope\n```",
    "version 2.1 released, see the changelog",
    "the meeting is on Friday",
    "haha nice one",
    "",
    "   ",
    "<:wave:123456789012345678>",
]


def judge(text: str) -> Judgement:
    return CLASSIFIER.classify([text])[0]


@pytest.mark.parametrize("text", HELP)
def test_a_help_request_is_recognised(text: str) -> None:
    judgement = judge(text)
    assert judgement.intent is Intent.HELP_REQUEST
    assert judgement.purpose is Purpose.SUPPORT
    assert judgement.confidence >= ANSWERED_FROM
    assert judgement.rationale


@pytest.mark.parametrize("text", PROBLEM)
def test_a_problem_report_is_recognised(text: str) -> None:
    judgement = judge(text)
    assert judgement.intent is Intent.PROBLEM_REPORT
    assert judgement.purpose is Purpose.SUPPORT
    assert judgement.confidence >= ANSWERED_FROM


@pytest.mark.parametrize("text", OTHER, ids=repr)
def test_answers_questions_back_thanks_and_chatter_are_neither(text: str) -> None:
    judgement = judge(text)
    assert judgement.intent is Intent.OTHER
    assert judgement.rationale == ""


def test_the_written_scenario() -> None:
    judgement = judge(PROBLEM[0])
    assert judgement.sentiment is Sentiment.NEGATIVE
    assert judgement.urgency is not Urgency.HIGH
    assert judgement.confidence >= 0.7
    assert "can anyone" in judgement.rationale
    assert "403" in judgement.rationale
    assert judgement.language == "en"


def test_thanks_are_positive() -> None:
    assert judge("thanks, that fixed the 403!").sentiment is Sentiment.POSITIVE


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("URGENT: prod is down, users get 500 on checkout, please help", Urgency.HIGH),
        ("production is down", Urgency.HIGH),
        ("can someone look at this asap, we lost all our data", Urgency.HIGH),
        ("my account was hacked, what should I do?", Urgency.HIGH),
        ("not urgent, but how do I change my nickname?", Urgency.LOW),
        ("how do I change my nickname?", Urgency.LOW),
        ("I write production code", Urgency.LOW),
        ("I'm stuck at the login, it fails, any ideas?", Urgency.MEDIUM),
    ],
)
def test_urgency_follows_the_words(text: str, urgency: Urgency) -> None:
    assert judge(text).urgency is urgency


@pytest.mark.parametrize(
    "text",
    [
        "you are an idiot",
        "shut up, moron",
        "go kill yourself",
        "fuck you",
        "he's such a pathetic loser",
        "STFU",
    ],
)
def test_insults_at_people_are_toxic(text: str) -> None:
    assert judge(text).toxicity >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "kill the process and its child",
        "this is damn slow",
        "stupid bug, I hate this compiler",
        "the garbage collector is dumb",
        "you get garbage if the buffer is full",
        "that's not a stupid question, you are right",
        "wtf is wrong with this shit",
        "I'm such an idiot, it was the cable",
        "the master node died, the slave took over",
        "shut down the server",
        "you have a bad block, the disk is trash",
    ],
)
def test_shop_talk_and_curses_are_not(text: str) -> None:
    assert judge(text).toxicity < 0.3


@pytest.mark.parametrize(
    "text",
    [
        "free nitro for everyone https://dlscord-gifts.com/abc",
        "@everyone steam gift 50$ https://steamcommunlty.com/gift/123",
        "claim your airdrop now https://example.xyz/claim",
        "look https://dlscord.com/x",
        "https://discord-nitro-gift.xyz/free",
        "hey https://steamcomnunity.com/trade",
        "you have won a guaranteed cash prize, claim now",
        "earn $500 a day with crypto, join t.me/fast https://t.me/fast",
    ],
)
def test_bait_is_spam_and_not_answered(text: str) -> None:
    judgement = judge(text)
    assert judgement.purpose is Purpose.SPAM
    assert judgement.intent is Intent.OTHER


def test_spam_says_why() -> None:
    assert (
        judge("hey look https://dlscord-gift.com").rationale
        == "link to dlscord-gift.com imitates discord.com"
    )
    assert judge("https://dlscord-gift.com").rationale == "link to dlscord-gift.com imitates discord.com"


@pytest.mark.parametrize(
    "text",
    [
        "see https://discord.com/developers/docs for the gift API",
        "my server invite: https://discord.gg/abcdef",
        "does nitro give a bigger upload limit? https://support.discord.com/hc",
        "free software: https://www.gnu.org/philosophy/free-sw.html",
        "I work on the crypto module, see https://github.com/a/b",
        "https://steamcommunity.com/app/440/discussions",
        "see https://discord.js.org/docs",
        "feel free to call me, we won the game",
        "urgent: the call to free() crashes",
        "https://discordpy.readthedocs.io/en/stable/ here",
        "docs: https://nitro.build/guide",
        "look https://discord.gift/abcdefgh",
    ],
)
def test_ordinary_links_are_not_spam(text: str) -> None:
    assert judge(text).purpose is not Purpose.SPAM


@pytest.mark.parametrize("text", ["", "  \n", "\x00", "...", "<@1>", "😀", "k"], ids=repr)
def test_too_little_has_an_unknown_purpose(text: str) -> None:
    assert judge(text).purpose is Purpose.UNKNOWN


@pytest.mark.parametrize("text", ["hello", "the weather is lovely today"])
def test_small_talk_is_chatter(text: str) -> None:
    assert judge(text).purpose is Purpose.CHATTER


def test_quotes_and_code_are_not_the_writers_words() -> None:
    assert judge("> how do I configure quiet hours?\nin the dashboard").intent is Intent.OTHER
    assert judge("how do I read this?\n```\nError: nope\n```").intent is Intent.HELP_REQUEST


def test_more_evidence_gives_more_confidence() -> None:
    weak = judge("is there a guide").confidence
    strong = judge("hi, is there a guide? I need help, how do I start?").confidence
    assert weak < strong


def test_a_curly_apostrophe_is_an_apostrophe() -> None:
    assert judge("I can’t connect to the server, it’s not working").intent is Intent.PROBLEM_REPORT  # noqa: RUF001


@pytest.mark.parametrize(
    "text",
    [
        "\x00" * 4_000,
        "😀" * 4_000,
        "\u202eمرحبا how do I" * 200,  # noqa: RUF001
        "how do I " * 450,
        "error " * 660,
        "you can't " * 400,
        "<@1" * 1_300,
        "```" * 1_300,
        "> " * 2_000,
        "a" * 4_000,
        "http://" * 570,
        "good but bad " * 300,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_odd_texts_are_judged_quickly(text: str) -> None:
    judge("warm up, this is great")
    start = time.process_time()
    judge(text)
    assert time.process_time() - start < 0.1  # seconds of this process alone


@settings(max_examples=400, deadline=None, derandomize=True)
@given(SENTENCES)
def test_every_word_and_cue_named_occurs_in_the_text(text: str) -> None:
    judgement = judge(text)
    assert 0 <= judgement.confidence <= 1
    assert 0 <= judgement.toxicity <= 1
    assert -1 <= judgement.sentiment_score <= 1
    assert len(judgement.rationale.split()) <= MAX_RATIONALE_WORDS
    if judgement.purpose is Purpose.SPAM:
        assert judgement.rationale
        return
    assert bool(judgement.rationale) == (judgement.intent is not Intent.OTHER)
    for part in quoted(judgement.rationale):
        assert part in as_written(text)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(SENTENCES, max_size=6), st.randoms(use_true_random=False))
def test_a_judgement_depends_on_its_own_text_only(texts: list[str], random: object) -> None:
    alone = {text: judge(text) for text in texts}
    random.shuffle(texts)  # type: ignore[attr-defined]
    assert CLASSIFIER.classify(texts) == [alone[text] for text in texts]


def test_precise_rather_than_eager_on_labelled_chat(chat_rows: list[dict[str, str]]) -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    for row, judgement in zip(
        chat_rows, CLASSIFIER.classify([row["text"] for row in chat_rows]), strict=True
    ):
        flagged = judgement.intent is not Intent.OTHER and judgement.confidence >= ANSWERED_FROM
        counts[flagged, row["intent"] != "other"] += 1
    assert counts[True, True] / (counts[True, True] + counts[True, False]) >= 0.8  # precision
    assert counts[True, True] / (counts[True, True] + counts[False, True]) >= 0.5  # recall


def test_hardly_anybody_is_called_toxic_or_a_spammer_in_real_chat(day_log_lines: list[str]) -> None:
    judgements = CLASSIFIER.classify(day_log_lines)
    assert sum(judgement.toxicity >= 0.5 for judgement in judgements) / len(judgements) < 0.005
    assert sum(judgement.purpose is Purpose.SPAM for judgement in judgements) / len(judgements) < 0.001
    assert sum(judgement.intent is not Intent.OTHER for judgement in judgements) / len(judgements) < 0.2
