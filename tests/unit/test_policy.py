from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.policy import TOXIC, Decision, GuildPolicy, Situation, decide, trust_in
from bot.domain.quiet_hours import QuietHours
from bot.domain.signal import (
    DiscordMessage,
    Intent,
    NanoTags,
    Observation,
    PlanKind,
    Signal,
    Stage,
    Urgency,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE = DiscordMessage(1, 2, None, 3, None, 4, "Ada", "how do I start it?")
ASKED = Signal(
    id="discord:3",
    source="discord",
    message=MESSAGE,
    created_at=NOW - timedelta(seconds=2),
    ingested_at=NOW,
    stage=Stage.PLAN,
    language="en",
    observer=Observation(Intent.HELP_REQUEST, 0.9, "asks how"),
)
POLICY = GuildPolicy()
STAFFED = GuildPolicy(staff_channel_id=77)
CALM = Situation(now=NOW, max_age=timedelta(minutes=15))
NOON = QuietHours(time(11), time(13))

TOXIC_TAGS = NanoTags(toxicity=TOXIC)
URGENT_TAGS = NanoTags(urgency=Urgency.HIGH)


def asked(**values: object) -> Signal:
    return replace(ASKED, **values)  # type: ignore[arg-type]


def calm(**values: object) -> Situation:
    return replace(CALM, **values)  # type: ignore[arg-type]


def with_intent(intent: Intent, confidence: float = 0.9) -> Signal:
    return asked(observer=Observation(intent, confidence, ""))


# What keeps the bot silent whatever else holds, in the order in which the reasons are given.
SILENT: list[tuple[str, Signal, GuildPolicy, Situation]] = [
    ("in a ticket", ASKED, POLICY, calm(in_ticket=True)),
    ("nothing asked", with_intent(Intent.OTHER), POLICY, CALM),
    ("maintenance mode", ASKED, POLICY, calm(maintenance=True)),
    ("auto-replies are off here", ASKED, replace(POLICY, auto_reply=False), CALM),
    ("too old to answer", asked(created_at=NOW - timedelta(minutes=15, seconds=1)), POLICY, CALM),
    ("language not enabled here: de", asked(language="de"), POLICY, CALM),
    ("not confident enough", with_intent(Intent.HELP_REQUEST, 0.59), POLICY, CALM),
    ("addressed to another member", ASKED, POLICY, calm(addressed_to_other=True)),
]


@pytest.mark.parametrize(
    ("reason", "signal", "policy", "situation"), SILENT, ids=[reason for reason, *_ in SILENT]
)
class TestSilence:
    def test_each_reason_alone_keeps_the_bot_silent(
        self, reason: str, signal: Signal, policy: GuildPolicy, situation: Situation
    ) -> None:
        assert decide(signal, policy, situation) == Decision(PlanKind.NOOP, reason)

    def test_it_also_keeps_an_urgent_message_from_staff(
        self, reason: str, signal: Signal, policy: GuildPolicy, situation: Situation
    ) -> None:
        urgent = replace(signal, nano_tags=URGENT_TAGS)
        assert decide(urgent, replace(policy, staff_channel_id=77), situation) == Decision(
            PlanKind.NOOP, reason
        )


@pytest.mark.parametrize("language", ["en", "und"])
def test_english_and_what_is_too_short_to_tell_is_answered_everywhere(language: str) -> None:
    assert decide(asked(language=language), POLICY, CALM).plan is PlanKind.REPLY


@pytest.mark.parametrize("enabled", [("de",), ("fr", "de"), ("all",)], ids=" ".join)
def test_a_language_that_is_enabled_is_answered_with_the_confidence_it_has(enabled: tuple[str, ...]) -> None:
    policy = replace(POLICY, languages=frozenset(enabled))
    sure = with_intent(Intent.HELP_REQUEST, POLICY.min_confidence * trust_in("de"))
    assert decide(replace(sure, language="de"), policy, CALM).plan is PlanKind.REPLY
    unsure = with_intent(Intent.HELP_REQUEST, POLICY.min_confidence * trust_in("de") - 0.01)
    assert decide(replace(unsure, language="de"), policy, CALM).reason == "not confident enough"


def test_other_languages_than_those_enabled_are_not_answered() -> None:
    policy = replace(POLICY, languages=frozenset({"de"}))
    assert decide(asked(language="fr"), policy, CALM).reason == "language not enabled here: fr"


@pytest.mark.parametrize("first", range(len(SILENT) - 1), ids=[reason for reason, *_ in SILENT[:-1]])
def test_the_first_of_all_reasons_that_hold_is_told(first: int) -> None:
    signal, policy, situation = ASKED, POLICY, CALM
    changes: dict[str, tuple[str, object]] = {
        "in a ticket": ("situation", {"in_ticket": True}),
        "nothing asked": ("signal", {"observer": Observation(Intent.OTHER, 0.1, "")}),
        "maintenance mode": ("situation", {"maintenance": True}),
        "auto-replies are off here": ("policy", {"auto_reply": False}),
        "too old to answer": ("signal", {"created_at": NOW - timedelta(days=1)}),
        "not confident enough": ("policy", {"min_confidence": 0.95}),
        "addressed to another member": ("situation", {"addressed_to_other": True}),
        "language not enabled here: de": ("signal", {"language": "de"}),
    }
    for reason, *_ in SILENT[first:]:
        what, values = changes[reason]
        assert isinstance(values, dict)
        if what == "signal":
            signal = replace(signal, **values)
        elif what == "policy":
            policy = replace(policy, **values)
        else:
            situation = replace(situation, **values)
    assert decide(signal, policy, situation).reason == SILENT[first][0]


ESCALATED = [
    ("toxic", asked(nano_tags=TOXIC_TAGS), CALM),
    ("urgent", asked(nano_tags=URGENT_TAGS), CALM),
    ("repeated report", with_intent(Intent.PROBLEM_REPORT), calm(repeats=2)),
    ("no answer after a follow-up", ASKED, calm(unanswered_follow_up=True)),
]


@pytest.mark.parametrize(
    ("reason", "signal", "situation"), ESCALATED, ids=[reason for reason, *_ in ESCALATED]
)
class TestEscalation:
    def test_staff_are_told_why(self, reason: str, signal: Signal, situation: Situation) -> None:
        decision = decide(signal, STAFFED, situation)
        assert decision == Decision(PlanKind.ESCALATE, reason, aloud=reason != "toxic")

    def test_not_again_while_staff_are_on_it(self, reason: str, signal: Signal, situation: Situation) -> None:
        known = replace(situation, with_staff=True)
        assert decide(signal, STAFFED, known) == Decision(PlanKind.NOOP, "already with staff")

    def test_quiet_hours_do_not_hold_up_staff(
        self, reason: str, signal: Signal, situation: Situation
    ) -> None:
        policy = replace(STAFFED, quiet_hours=NOON)
        assert decide(signal, policy, situation) == Decision(PlanKind.ESCALATE, reason, aloud=False)


@pytest.mark.parametrize("first", range(len(ESCALATED)))
def test_the_gravest_reason_is_told_to_staff(first: int) -> None:
    tags = NanoTags(toxicity=TOXIC if first == 0 else 0, urgency=Urgency.HIGH if first <= 1 else Urgency.LOW)
    signal = replace(with_intent(Intent.PROBLEM_REPORT), nano_tags=tags)
    situation = calm(repeats=2 if first <= 2 else 0, unanswered_follow_up=True)
    assert decide(signal, STAFFED, situation).reason == ESCALATED[first][0]


class TestWithoutStaff:
    def test_a_toxic_message_is_not_answered(self) -> None:
        decision = decide(asked(nano_tags=TOXIC_TAGS), POLICY, CALM)
        assert decision == Decision(PlanKind.NOOP, "toxic, and no staff channel is set")

    def test_a_follow_up_is_not_answered_a_second_time(self) -> None:
        decision = decide(ASKED, POLICY, calm(unanswered_follow_up=True))
        assert decision == Decision(PlanKind.NOOP, "already answered, and no staff channel is set")

    def test_an_urgent_message_is_answered(self) -> None:
        assert decide(asked(nano_tags=URGENT_TAGS), POLICY, CALM).plan is PlanKind.REPLY

    def test_a_repeated_report_is_answered(self) -> None:
        decision = decide(with_intent(Intent.PROBLEM_REPORT), POLICY, calm(repeats=5))
        assert decision == Decision(PlanKind.REPLY, "problem report")


class TestAnswering:
    def test_a_plain_question_is_answered(self) -> None:
        assert decide(ASKED, POLICY, CALM) == Decision(PlanKind.REPLY, "help request")

    def test_quiet_hours_silence_a_plain_question(self) -> None:
        decision = decide(ASKED, replace(STAFFED, quiet_hours=NOON), CALM)
        assert decision == Decision(PlanKind.NOOP, "quiet hours")

    def test_quiet_hours_are_those_of_the_guilds_zone(self) -> None:
        policy = replace(POLICY, quiet_hours=NOON, timezone="Asia/Tokyo")
        assert decide(ASKED, policy, CALM).plan is PlanKind.REPLY

    def test_staff_at_work_do_not_silence_a_plain_question(self) -> None:
        assert decide(ASKED, STAFFED, calm(with_staff=True)).plan is PlanKind.REPLY

    @pytest.mark.parametrize(
        ("signal", "situation"),
        [
            (with_intent(Intent.HELP_REQUEST, POLICY.min_confidence), CALM),
            (asked(created_at=NOW - timedelta(minutes=15)), CALM),
            (asked(nano_tags=NanoTags(toxicity=TOXIC - 0.01)), CALM),
            (with_intent(Intent.PROBLEM_REPORT), calm(repeats=1)),
            (asked(language="und"), CALM),
        ],
        ids=["just confident enough", "just young enough", "just not toxic", "second report", "too short"],
    )
    def test_limits_are_inclusive(self, signal: Signal, situation: Situation) -> None:
        assert decide(signal, STAFFED, situation).plan is PlanKind.REPLY


signals = st.builds(
    asked,
    created_at=st.sampled_from([NOW, NOW - timedelta(minutes=15), NOW - timedelta(minutes=16)]),
    language=st.sampled_from(["en", "und", "de"]),
    nano_tags=st.builds(
        NanoTags,
        toxicity=st.sampled_from([0.0, 0.79, 0.8, 1.0]),
        urgency=st.sampled_from(list(Urgency)),
    ),
    observer=st.builds(
        Observation, st.sampled_from(list(Intent)), st.sampled_from([0.0, 0.59, 0.6, 1.0]), st.just("")
    ),
)
policies = st.builds(
    GuildPolicy,
    auto_reply=st.booleans(),
    quiet_hours=st.sampled_from([None, NOON]),
    staff_channel_id=st.sampled_from([None, 77]),
)
situations = st.builds(
    calm,
    repeats=st.integers(0, 4),
    unanswered_follow_up=st.booleans(),
    with_staff=st.booleans(),
    addressed_to_other=st.booleans(),
    in_ticket=st.booleans(),
    maintenance=st.booleans(),
)


@given(signals, policies, situations)
def test_nothing_is_said_when_any_rule_asks_for_silence(
    signal: Signal, policy: GuildPolicy, situation: Situation
) -> None:
    decision = decide(signal, policy, situation)
    silent = (
        signal.observer.intent == Intent.OTHER
        or situation.in_ticket
        or situation.maintenance
        or not policy.auto_reply
        or NOW - signal.created_at > situation.max_age
        or signal.observer.confidence < policy.min_confidence
        or situation.addressed_to_other
        or signal.language == "de"
    )
    assert decision.reason
    if silent:
        assert decision.plan is PlanKind.NOOP
    if decision.plan is PlanKind.REPLY:
        assert not silent
        assert policy.quiet_hours is None
        assert signal.nano_tags.toxicity < TOXIC
        assert not situation.unanswered_follow_up
    if decision.plan is PlanKind.ESCALATE:
        assert policy.staff_channel_id is not None
        assert not situation.with_staff


DOUBTS = {"nothing asked", "too old to answer", "not confident enough", "addressed to another member"}


@pytest.mark.parametrize(
    ("reason", "signal", "policy", "situation"), SILENT, ids=[reason for reason, *_ in SILENT]
)
def test_a_call_overrides_doubts_and_no_rule(
    reason: str, signal: Signal, policy: GuildPolicy, situation: Situation
) -> None:
    decision = decide(signal, policy, replace(situation, summoned=True))
    assert (decision.plan is PlanKind.REPLY) == (reason in DOUBTS)
    assert decision.reason.startswith("summoned: ") == (reason in DOUBTS)


def test_quiet_hours_hold_for_a_call_and_staff_are_told_of_what_is_urgent() -> None:
    quiet, called = replace(POLICY, quiet_hours=NOON), calm(summoned=True)
    assert decide(ASKED, quiet, called) == Decision(PlanKind.NOOP, "quiet hours")
    staffed = replace(quiet, staff_channel_id=77)
    told = decide(replace(ASKED, nano_tags=URGENT_TAGS), staffed, called)
    assert told == Decision(PlanKind.ESCALATE, "summoned: urgent", aloud=False)
