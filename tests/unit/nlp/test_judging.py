"""The rules over what the heads say, with heads that say what a test wants."""

from typing import NamedTuple

import numpy as np
import pytest

from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Urgency
from bot.nlp import heads as trained
from bot.nlp.classifier import Chances, EmbeddedClassifier, chances, judged, warm_up
from bot.nlp.features import numbers_of
from bot.nlp.reading import Reading, read
from bot.nlp.spam import Spam

Three = tuple[float, float, float]


class Said(NamedTuple):
    """What heads say of one message; as it stands: nothing in particular."""

    intent: Three = (0.05, 0.05, 0.9)
    purpose: Three = (0.6, 0.4, 0.0)
    sentiment: Three = (0.1, 0.8, 0.1)
    urgency: Three = (0.9, 0.1, 0.0)
    toxicity: tuple[float, float] = (1.0, 0.0)


ASKS: Three = (0.8, 0.1, 0.1)
FAILS: Three = (0.1, 0.8, 0.1)


def judge(reading: Reading | str, said: Said) -> Judgement:
    if isinstance(reading, str):
        reading = read(reading)
    rows = Chances(*(np.array([part], np.float32) for part in said))
    (judgement,) = judged([reading], rows, trained.light_heads())
    return judgement


def suspicious(probability: float, text: str = "please look at this offer") -> Reading:
    return read(text)._replace(spam=Spam(probability, "says so"))


@pytest.mark.parametrize(
    ("rule", "intent", "is_spam"),
    [
        pytest.param(0.5, (0.0, 0.0, 1.0), True, id="suspected, asks nothing"),
        pytest.param(0.49, (0.0, 0.0, 1.0), False, id="hardly suspected"),
        pytest.param(0.94, (0.5, 0.39, 0.11), True, id="suspected, perhaps asks"),
        pytest.param(0.94, (0.5, 0.41, 0.09), False, id="suspected, surely asks"),
        pytest.param(0.95, (0.5, 0.5, 0.0), True, id="surely spam, surely asks"),
    ],
)
def test_a_rule_for_spam_yields_to_a_sure_request_unless_it_is_sure_itself(
    rule: float, intent: Three, is_spam: bool
) -> None:
    judgement = judge(suspicious(rule), Said(intent))
    assert (judgement.purpose is Purpose.SPAM) is is_spam
    if is_spam:
        assert (judgement.intent, judgement.urgency) == (Intent.OTHER, Urgency.LOW)
        assert judgement.rationale == "says so"
        assert judgement.confidence == pytest.approx(rule)


@pytest.mark.parametrize(
    ("purpose", "intent", "is_spam"),
    [
        pytest.param((0.12, 0.12, 0.76), (0.3, 0.19, 0.51), True, id="sure"),
        pytest.param((0.13, 0.13, 0.74), (0.0, 0.0, 1.0), False, id="not sure"),
        pytest.param((0.0, 0.0, 1.0), (0.3, 0.21, 0.49), False, id="sure, but it asks"),
    ],
)
def test_the_head_for_spam_is_believed_where_it_is_sure_and_nothing_is_asked(
    purpose: Three, intent: Three, is_spam: bool
) -> None:
    judgement = judge("win big money here right now", Said(intent, purpose))
    assert (judgement.purpose is Purpose.SPAM) is is_spam
    if is_spam:
        assert judgement.rationale.startswith("reads like an advert")
        assert judgement.confidence == pytest.approx(purpose[2], abs=1e-3)


@pytest.mark.parametrize("intent", [(0.3, 0.19, 0.51), (0.3, 0.21, 0.49)], ids=["below", "above"])
def test_half_is_the_border_of_a_flag(intent: Three) -> None:
    judgement = judge("look at my disk", Said(intent))
    flagged = intent[2] < 0.5
    assert (judgement.intent is Intent.HELP_REQUEST) is flagged
    assert judgement.confidence == pytest.approx(1 - intent[2] if flagged else intent[2])
    assert bool(judgement.rationale) is flagged


def test_the_likelier_of_the_two_is_the_intent() -> None:
    assert judge("look at my disk", Said(ASKS)).intent is Intent.HELP_REQUEST
    assert judge("look at my disk", Said(FAILS)).intent is Intent.PROBLEM_REPORT


def test_a_problem_is_of_medium_urgency_at_least() -> None:
    assert judge("look at my disk", Said(ASKS)).urgency is Urgency.LOW
    assert judge("look at my disk", Said(FAILS)).urgency is Urgency.MEDIUM
    assert judge("URGENT: production is down", Said(FAILS)).urgency is Urgency.HIGH


@pytest.mark.parametrize("intent", [ASKS, FAILS, (0.0, 0.0, 1.0)], ids=["asks", "fails", "neither"])
def test_urgency_is_high_by_the_words_or_where_the_head_is_sure(intent: Three) -> None:
    sure, unsure = (0.1, 0.1, 0.8), (0.1, 0.11, 0.79)
    assert judge("look at my disk", Said(intent, urgency=sure)).urgency is Urgency.HIGH
    assert judge("look at my disk", Said(intent, urgency=unsure)).urgency is not Urgency.HIGH
    assert judge("URGENT: production is down", Said(intent, urgency=(1, 0, 0))).urgency is Urgency.HIGH


def test_toxicity_is_what_the_head_says_unless_a_pattern_finds_somebody_insulted() -> None:
    assert judge("look at my disk", Said(toxicity=(0.3, 0.7))).toxicity == pytest.approx(0.7)
    assert judge("wtf is this shit", Said(toxicity=(0.9, 0.1))).toxicity == pytest.approx(0.1)
    assert judge("you are an idiot", Said(toxicity=(0.9, 0.1))).toxicity == pytest.approx(0.85)
    assert judge("you are an idiot", Said(toxicity=(0.1, 0.9))).toxicity == pytest.approx(0.9)
    assert judge(suspicious(0.99), Said(toxicity=(0.3, 0.7))).toxicity == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("said", "label", "score"),
    [
        ((0.6, 0.3, 0.1), Sentiment.NEGATIVE, -0.5),
        ((0.2, 0.5, 0.3), Sentiment.NEUTRAL, 0.1),
        ((0.1, 0.2, 0.7), Sentiment.POSITIVE, 0.6),
    ],
)
def test_sentiment_is_the_likeliest_and_its_score_the_difference(
    said: Three, label: Sentiment, score: float
) -> None:
    judgement = judge("look at my disk", Said(sentiment=said))
    assert judgement.sentiment is label
    assert judgement.sentiment_score == pytest.approx(score)


@pytest.mark.parametrize("intent", [ASKS, FAILS], ids=["asks", "fails"])
def test_a_call_for_help_because_of_an_error_s_number_is_negative(intent: Three) -> None:
    text = "getting a 403 from the server with my token, can anyone help?"
    plain = judge(text, Said(intent))
    assert (plain.sentiment, plain.sentiment_score) == (Sentiment.NEGATIVE, -0.3)
    assert judge(text, Said(intent, sentiment=(0.9, 0.1, 0.0))).sentiment_score == pytest.approx(-0.9)
    assert judge(text, Said()).sentiment is Sentiment.NEUTRAL  # nothing flagged
    for other in ("getting an error from the server, can anyone help?", "the server says 403", "403 lamps"):
        assert judge(other, Said(intent)).sentiment is Sentiment.NEUTRAL, other


def test_an_error_that_is_also_a_question_is_a_report() -> None:
    text = "the bot crashes every time i run it, any ideas?"
    assert judge(text, Said((0.6, 0.3, 0.1))).intent is Intent.PROBLEM_REPORT
    assert judge(text, Said((0.7, 0.2, 0.1))).intent is Intent.HELP_REQUEST  # the head sees no failure
    assert judge("look at my disk", Said((0.6, 0.3, 0.1))).intent is Intent.HELP_REQUEST


def test_a_rhetorical_question_is_not_flagged_however_sure_the_head_is() -> None:
    judgement = judge("why would anyone do that?", Said(ASKS))
    assert (judgement.intent, judgement.confidence) == (Intent.OTHER, 0.8)
    asked = judge("why would anyone do that? can you help me install it?", Said(ASKS))
    assert asked.intent is Intent.HELP_REQUEST


def test_an_advert_without_a_reason_needs_some_words_and_more_when_somebody_is_named() -> None:
    advert = (0.12, 0.0, 0.88)
    assert judge("buy two lamps get one free", Said(purpose=advert)).purpose is Purpose.SPAM
    assert judge("buy two lamps now", Said(purpose=advert)).purpose is not Purpose.SPAM
    assert judge("mira: buy two lamps get one free", Said(purpose=advert)).purpose is not Purpose.SPAM
    surer = Said(purpose=(0.04, 0.0, 0.96))
    assert judge("mira: buy two lamps get one free", surer).purpose is Purpose.SPAM


def test_an_urgent_problem_is_negative() -> None:
    urgent = (0.0, 0.0, 1.0)
    assert judge("look at my disk", Said(FAILS, urgency=urgent)).sentiment is Sentiment.NEGATIVE
    assert judge("look at my disk", Said(ASKS, urgency=urgent)).sentiment is Sentiment.NEUTRAL
    assert judge("look at my disk", Said(FAILS)).sentiment is Sentiment.NEUTRAL


@pytest.mark.parametrize(
    ("text", "purpose", "expected"),
    [
        ("see you there", (0.4, 0.6, 0.0), Purpose.CHATTER),
        ("see you there", (0.5, 0.4, 0.1), Purpose.SUPPORT),
        ("hello", (0.4, 0.6, 0.0), Purpose.CHATTER),
        ("thanks!", (0.6, 0.4, 0.0), Purpose.CHATTER),  # nothing but small talk
        ("lemur", (0.4, 0.6, 0.0), Purpose.UNKNOWN),
    ],
)
def test_what_is_not_flagged_is_talk_or_support_or_too_short_to_tell(
    text: str, purpose: Three, expected: Purpose
) -> None:
    assert judge(text, Said(purpose=purpose)).purpose is expected


def test_what_is_flagged_is_support_unless_it_is_rather_talk() -> None:
    assert judge("anyone up for a game?", Said(ASKS, (0.51, 0.49, 0.0))).purpose is Purpose.SUPPORT
    chatter = judge("anyone up for a game?", Said(ASKS, (0.49, 0.51, 0.0)))
    assert (chatter.purpose, chatter.intent) == (Purpose.CHATTER, Intent.HELP_REQUEST)


@pytest.mark.parametrize("text", ["", " \n", "...", "<@1>", "```x```"], ids=repr)
def test_what_has_no_words_is_unknown_whatever_heads_say(text: str) -> None:
    judgement = judge(text, Said(ASKS, (0.0, 0.0, 1.0), toxicity=(0.0, 1.0)))
    assert judgement.intent is Intent.OTHER
    assert (judgement.purpose, judgement.confidence, judgement.toxicity) == (Purpose.UNKNOWN, 1.0, 0.0)


def test_a_link_alone_may_be_spam() -> None:
    judgement = judge("https://dlscord-gift.com", Said(ASKS))
    assert (judgement.purpose, judgement.confidence) == (Purpose.SPAM, 0.9)
    assert judgement.rationale == "link to dlscord-gift.com imitates discord.com"
    assert judge("https://docs.python.org/3/", Said(ASKS)).purpose is Purpose.UNKNOWN


def test_the_language_is_told_with_every_judgement() -> None:
    text = "wie kann ich das Passwort ändern, ich habe es leider vergessen"
    for said in (Said(), Said(ASKS), Said(purpose=(0.0, 0.0, 1.0))):
        assert judge(text, said).language == "de"
    assert judge("", Said()).language == "und"


def test_a_long_text_is_judged_by_its_beginning() -> None:
    text = "how do i reset my password? " + "see the docs of it. " * 500
    assert len(text) > 10_000
    long, cut = EmbeddedClassifier().classify([text, text[:2_000]])
    assert long == cut


def test_one_judgement_for_each_message_in_their_order() -> None:
    texts = ["how do i pin a message?", "", "you are an idiot", "how do i pin a message?"]
    classifier = EmbeddedClassifier()
    assert classifier.classify([]) == []
    assert classifier.classify(texts) == [classifier.classify([text])[0] for text in texts]


def test_what_the_heads_say_is_what_is_judged_by() -> None:
    reading = read("how do i pin a message?")
    heads = trained.light_heads()
    said = chances(heads, [reading], numbers_of([reading]))
    (judgement,) = judged([reading], said, heads)
    assert judgement == EmbeddedClassifier().classify([reading.text])[0]
    assert judgement.confidence == pytest.approx(1 - said.intent[0, 2], abs=1e-3)
    assert judgement.toxicity == pytest.approx(said.toxicity[0, 1], abs=1e-3)


def test_warming_up_reads_the_heads() -> None:
    trained.light_heads.cache_clear()
    warm_up()
    assert trained.light_heads.cache_info().currsize == 1


@pytest.mark.parametrize("text", ["lol " * 20, "please " * 8, "a" * 300], ids=["lol", "please", "one word"])
def test_repetitions_ask_nothing_and_are_not_toxic_however_sure_the_heads_are(text: str) -> None:
    judgement = judge(text, Said(ASKS, toxicity=(0.0, 1.0)))
    assert (judgement.intent, judgement.toxicity) == (Intent.OTHER, 0.0)


def test_what_is_asked_after_a_long_log_or_only_quoted_is_told_apart() -> None:
    asked = "```\n" + "line of a log\n" * 200 + "```\nhow do i fix this?"
    assert read(asked).flat.endswith("how do i fix this?")
    assert not read(">>> how do i fix this?\nplease help").words
