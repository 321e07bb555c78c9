"""What a member means who replies to the bot's answer: thanks, details, or asking on."""

import re
from enum import Enum
from typing import Final

from bot.domain.signal import Intent, Sentiment, Signal, Urgency


class FollowUp(Enum):
    """What a reply to the bot's answer says."""

    THANKS = "thanked or solved"
    TELLS = "replied to the bot, asked nothing more"  # confirms, or gives the details asked for
    ASKS = "asks on"  # or complains


_SHORT: Final = 6  # words; a longer "didn't work" is part of a description
_SOLVED: Final = re.compile(
    r"(?<!not )(?<!n't )(?<!isn't )\b(?:solved|sorted|resolved)\b(?! by\b)"
    r"|\b(?:that|this|it|which) (?:fixed|did|solved) (?:it|the trick)\b"
    r"|(?<!not )\b(?:fixed (?:it|now)|works (?:now|again|fine)|working (?:now|again)|fine now|all good)\b"
    r"|\b(?:got it (?:to work|working|now)|found it|figured it out|never ?mind|nvm)\b"
)
_BUT: Final = re.compile(r"\b(?:but|however|except|although|still|yet)\b")
_ASKS_ON: Final = re.compile(
    r"\?|\bstill (?!on\b|using\b|use\b)|\bsame (?:thing|error|problem|issue|result|here)\b"
    r"|\b(?:no (?:luck|success|change|difference|effect)|keeps? \w+ing|every ?time)\b"
    r"|\bnot what i (?:asked|meant|mean|want)|\b(?:doesn't|does not|didn't|did not|don't) answer"
    r"|\b(?:any ?(?:one|body)|some ?(?:one|body)) (?:else|here|there|who|know|help)"
    r"|\bany (?:update|news|ideas?)\b"
    r"|\b(?:real|actual) (?:person|human)|\bhuman\b|\b(?:don't|do not|didn't|did not) (?:understand|get it)\b"
    r"|\bwhat (?:do you|does that) mean\b|\bhow (?:do|can|would|should) i\b|\b(?:please|pls|plz) help\b"
)
_FAILED: Final = re.compile(
    r"\b(?:not|never|doesn't|doesnt|didn't|didnt|isn't|isnt|won't|wont|nothing|nope)\b"
)
_THANKS: Final = re.compile(
    r"\b(?:thanks?|thx|ty|tysm|cheers|perfect|great|awesome|appreciated?)\b|\U0001f64f"
)


def follow_up_of(signal: Signal, toxic: float) -> FollowUp:
    """Return what a reply to the bot's answer says; `toxic` is the toxicity from which staff are wanted."""
    tags = signal.nano_tags
    text = signal.message.content.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if tags.toxicity >= toxic or tags.urgency is Urgency.HIGH:
        return FollowUp.ASKS
    but = _BUT.search(text) is not None
    if _SOLVED.search(text) and not but:
        return FollowUp.THANKS
    if signal.observer.intent is Intent.HELP_REQUEST or _ASKS_ON.search(text):
        return FollowUp.ASKS
    failed = _FAILED.search(text) is not None
    if tags.sentiment is Sentiment.POSITIVE or _THANKS.search(text):
        return FollowUp.ASKS if but and failed else FollowUp.THANKS
    # A report sounds negative by nature: one that gives the details asked for doesn't complain.
    complains = tags.sentiment is Sentiment.NEGATIVE and signal.observer.intent is Intent.OTHER
    if complains or (failed and len(text.split()) <= _SHORT):
        return FollowUp.ASKS
    return FollowUp.TELLS
