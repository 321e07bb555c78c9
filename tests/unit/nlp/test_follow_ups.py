from datetime import UTC, datetime

import pytest

from bot.domain.signal import DiscordMessage, NanoTags, Observation, Signal, Stage
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.follow_ups import FollowUp, follow_up_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def meaning(text: str) -> FollowUp:
    """Judge `text` as the road does: the light classifier's tags, then this."""
    [judged] = EmbeddedClassifier().classify([text])
    tags = NanoTags(judged.purpose, judged.sentiment, judged.sentiment_score, judged.urgency, judged.toxicity)
    signal = Signal(
        id="discord:3",
        source="discord",
        message=DiscordMessage(1, 2, None, 3, 9, 4, "Ada", text),
        created_at=NOW,
        ingested_at=NOW,
        stage=Stage.OBSERVE,
        nano_tags=tags,
        observer=Observation(judged.intent, judged.confidence, judged.rationale),
    )
    return follow_up_of(signal, toxic=0.8)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, that fixed it!",
        "thanks, I'll check",
        "Great, thank you so much",
        "Never mind, solved it",
        "nvm",
        "found it myself, sorry",
        "perfect",
        "works now",
        "it's fine now",
        "no worries, got it working",
        "thanks, no error any more",
        "ty, not a problem any more",
    ],
)
def test_thanks_and_what_is_solved(text: str) -> None:
    assert meaning(text) is FollowUp.THANKS


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "will do",
        "Ok, I will try that",
        "yes, I did",
        "Windows 11, version 3.2",
        "I'm on Windows 11, version 3.2, steps: open the app, click start, it shows error 0x80",
        "Step 3 is where it stopped, it says permission denied",
        "Environment: Ubuntu 22.04. Steps: run make. Expected: builds. Actual: error: undefined reference",
        "I tried restarting and reinstalling, didn't work, version 3.2",
        "I'm still on version 3.2",
    ],
)
def test_details_and_confirmations(text: str) -> None:
    assert meaning(text) is FollowUp.TELLS


@pytest.mark.parametrize(
    "text",
    [
        "still not working",
        "it is version 11 and still nothing",
        "I already tried reinstalling and it still fails",
        "nope, same thing",
        "doesn't help",
        "that didn't help",
        "thanks but it still doesn't work",
        "thank you, but how do I find that?",
        "thanks for nothing, it did not help but broke more",
        "not solved",
        "Not working!!!",
        "nothing happens",
        "it keeps crashing",
        "and now?",
        "what do you mean",
        "That is not what I asked",
        "I need a real person",
        "that's useless",
        "this bot is stupid",
        "thanks, you are an idiot",
        "it works now but the site is down",
        "URGENT: production is down",
        "how do I find the version",
    ],
)
def test_asking_on_and_complaints(text: str) -> None:
    assert meaning(text) is FollowUp.ASKS
