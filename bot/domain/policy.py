"""When the bot answers, escalates or keeps quiet. Pure: facts in, a decision with its reason out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.quiet_hours import QuietHours
from bot.domain.signal import Intent, PlanKind, Signal, Urgency
from bot.domain.summons import SUMMONED

TOXIC = 0.8  # probability from which a flagged message goes to staff instead of being answered
ANSWERED_LANGUAGES = ("en", "und")  # always: the templates are English; "und" is too short to tell
ALL_LANGUAGES = "all"  # stands for every language in a guild's choice
FOREIGN_TRUST = 0.5  # what a judgement is worth in a language that its cues and training don't know


@dataclass(frozen=True, slots=True)
class GuildPolicy:
    """A guild's choices, with the defaults filled in."""

    auto_reply: bool = True
    min_confidence: float = 0.6
    timezone: str = "UTC"
    quiet_hours: QuietHours | None = None
    staff_channel_id: int | None = None
    ignored_role_ids: frozenset[int] = frozenset()
    watches_public: bool = True  # channels for which nothing was chosen, if everyone can read them
    suggests: bool = False  # replies are shown to staff first
    suggest_channel_id: int | None = None  # where; None: nowhere, so that nothing is answered
    languages: frozenset[str] = frozenset()  # answered beside ANSWERED_LANGUAGES: ISO 639-1, or ALL_LANGUAGES
    warn_leaks: bool = True  # whether who posts a password or key is told

    def answers_in(self, language: str) -> bool:
        """Whether messages in `language` are answered."""
        return language in ANSWERED_LANGUAGES or not self.languages.isdisjoint((language, ALL_LANGUAGES))

    def confidence_for(self, language: str) -> float:
        """Return how sure a judgement must be. Whoever enables a language takes its low confidence along."""
        return self.min_confidence * trust_in(language)

    def quiet_at(self, moment: datetime) -> bool:
        """Whether it is within the quiet hours."""
        return self.quiet_hours is not None and self.quiet_hours.contain(moment, self.timezone)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the orchestrator looked up about one signal."""

    now: datetime
    max_age: timedelta
    repeats: int = 0  # earlier reports of the same member within the window
    repeat_count: int = 3  # reports, this one included, that make them "repeated"
    unanswered_follow_up: bool = False  # the bot answered before, the member asks again, no one else spoke
    with_staff: bool = False  # an earlier message of the same member here was escalated within the window
    addressed_to_other: bool = False  # it replies to or mentions another member
    in_ticket: bool = False  # tickets have answers of their own
    maintenance: bool = False
    summoned: bool = False  # a member called the bot to it


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about a signal, and why in a few words."""

    plan: PlanKind
    reason: str
    aloud: bool = True  # an escalation: tell the member too, if it is the bot's turn to speak
    left_to: str = ""  # the plugin that answers instead

    @property
    def is_open(self) -> bool:
        """Whether the bot has no answer of its own to give, and silence is no rule: another may answer."""
        return self.plan is PlanKind.NOOP and self.reason in {_OFF, _UNSURE}


_OFF, _UNSURE = "auto-replies are off here", "not confident enough"
_NOWHERE = "no channel for suggestions"


def leave_to(plugin: str, decision: Decision) -> Decision:
    """Return that a plugin answers, where the bot would, or where it has no answer of its own to give.

    Not what goes to staff, and not where silence is the rule.
    """
    if decision.plan is PlanKind.REPLY or decision.is_open:
        return Decision(PlanKind.NOOP, f"left to {plugin}", left_to=plugin)
    return decision


def trust_in(language: str) -> float:
    """Return by what to multiply the confidence of a judgement of a text in `language`."""
    return 1.0 if language in ANSWERED_LANGUAGES else FOREIGN_TRUST


def undiscounted(confidence: float, language: str) -> float:
    """Return the confidence of a stored judgement as the judge gave it."""
    return min(1.0, confidence / trust_in(language))


def decide(signal: Signal, policy: GuildPolicy, situation: Situation) -> Decision:
    """Return what to do; throttle and cooldown come after, because they are taken, not looked at."""
    reason = _silence(signal, policy, situation)
    if reason:
        return Decision(PlanKind.NOOP, reason)
    reason = _escalation(signal, situation)
    if reason and situation.with_staff:
        return Decision(PlanKind.NOOP, "already with staff")
    if reason and policy.staff_channel_id is not None:
        aloud = signal.nano_tags.toxicity < TOXIC and not policy.quiet_at(situation.now)
        aloud = aloud and not policy.suggests  # nothing is said to members that staff haven't seen
        return Decision(PlanKind.ESCALATE, _why(reason, situation), aloud=aloud)
    reason = _restraint(signal, policy, situation)
    if reason:
        return Decision(PlanKind.NOOP, reason)
    return Decision(PlanKind.REPLY, _why(signal.observer.intent.value.replace("_", " "), situation))


def closed(policy: GuildPolicy) -> str:
    """Return why nothing at all is answered in a server, "" where answers are given."""
    if not policy.auto_reply:
        return _OFF
    return _NOWHERE if policy.suggests and policy.suggest_channel_id is None else ""


def _why(reason: str, situation: Situation) -> str:
    return f"{SUMMONED}: {reason}" if situation.summoned else reason


def _restraint(signal: Signal, policy: GuildPolicy, situation: Situation) -> str:
    checks = (
        (signal.nano_tags.toxicity >= TOXIC, "toxic, and no staff channel is set"),
        (situation.unanswered_follow_up, "already answered, and no staff channel is set"),
        (policy.quiet_at(situation.now), "quiet hours"),
    )
    return next((reason for holds, reason in checks if holds), "")


def _silence(signal: Signal, policy: GuildPolicy, situation: Situation) -> str:
    observer, unasked = signal.observer, not situation.summoned  # who is called answers in spite of doubts
    checks = (
        (situation.in_ticket, "in a ticket"),
        (unasked and observer.intent == Intent.OTHER, "nothing asked"),
        (situation.maintenance, "maintenance mode"),
        (bool(closed(policy)), closed(policy)),
        (unasked and situation.now - signal.created_at > situation.max_age, "too old to answer"),
        (not policy.answers_in(signal.language), f"language not enabled here: {signal.language}"),
        (unasked and observer.confidence < policy.confidence_for(signal.language), _UNSURE),
        (unasked and situation.addressed_to_other, "addressed to another member"),
    )
    return next((reason for holds, reason in checks if holds), "")


def _escalation(signal: Signal, situation: Situation) -> str:
    checks = (
        (signal.nano_tags.toxicity >= TOXIC, "toxic"),
        (signal.nano_tags.urgency == Urgency.HIGH, "urgent"),
        (situation.repeats + 1 >= situation.repeat_count, "repeated report"),
        (situation.unanswered_follow_up, "no answer after a follow-up"),
    )
    return next((reason for holds, reason in checks if holds), "")
