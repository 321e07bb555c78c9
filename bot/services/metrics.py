"""What the bot counts and times, read by the admin API; the only module that knows prometheus_client.

The road calls these methods once per batch, so they are plain integer additions: the families Prometheus
wants are built when somebody scrapes. Everything runs on the event loop, so nothing is locked.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from bot.domain.signal import Intent

T = TypeVar("T", int, float)

INGEST_TO_OBSERVE = "ingest_to_observe"
OBSERVE_TO_REPLY = "observe_to_reply"
LOOP_DELAY = "event_loop_delay"
OTHER = "other"

# Seconds. Dense from 1 to 200 ms, where the promises about P50 and P95 are.
BUCKETS = (
    *(0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08),
    *(0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
WINDOW = 1_000  # observations behind a quantile
MAX_LABELS = 32  # distinct values of one label; later ones count as OTHER
MAX_COMBINATIONS = 1_000  # the same, of several labels together
MAX_LABEL_LENGTH = 64  # characters


class _Tally:
    """A counter per value of one label, with a bound on how many values it will tell apart."""

    __slots__ = ("_counts",)

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._counts = dict.fromkeys(known, 0)

    def add(self, label: str, amount: int) -> None:
        """Count `amount` under `label`, or under OTHER once there are too many labels."""
        label = label[:MAX_LABEL_LENGTH]
        if label not in self._counts and len(self._counts) >= MAX_LABELS:
            label = OTHER
        self._counts[label] = self._counts.get(label, 0) + _counted(amount)

    def items(self) -> list[tuple[str, int]]:
        """Return a copy of the counts, in the order the labels appeared."""
        return list(self._counts.items())


class _Sums:
    """A growing sum per combination of values of several labels, with a bound on the combinations."""

    __slots__ = ("_labels", "_sums")

    def __init__(self, *labels: str) -> None:
        self._labels = labels
        self._sums: dict[tuple[str, ...], float] = {}

    def add(self, values: tuple[str, ...], amount: float = 1) -> None:
        """Add `amount` under `values`, or under OTHER once there are too many combinations."""
        values = tuple(value[:MAX_LABEL_LENGTH] for value in values)
        if values not in self._sums and len(self._sums) >= MAX_COMBINATIONS:
            values = (OTHER,) * len(self._labels)
        self._sums[values] = self._sums.get(values, 0) + _counted(amount)

    def family(self, name: str, help_text: str) -> CounterMetricFamily:
        """Return the counter."""
        family = CounterMetricFamily(name, help_text, labels=self._labels)
        for values, total in self._sums.items():
            family.add_metric(values, total)
        return family


class _Durations:
    """A histogram of seconds and the last WINDOW of them, for quantiles."""

    __slots__ = ("_count", "_cumulative", "_total", "_window")

    def __init__(self) -> None:
        self._cumulative = [0] * len(BUCKETS)  # observations at most as long as the bucket's bound
        self._count = 0
        self._total = 0.0
        self._window: deque[float] = deque(maxlen=WINDOW)

    def extend(self, seconds: Sequence[float]) -> None:
        """Add durations; a negative one (a clock stepped back) counts as 0, a NaN or infinity not at all."""
        total = sum(seconds)
        if not math.isfinite(total) or min(seconds, default=0.0) < 0:
            seconds = [max(0.0, value) for value in seconds if math.isfinite(value)]
            total = sum(seconds)
        ordered = sorted(seconds)
        # One bisection per bucket, not per value: a batch may hold thousands.
        for place, bound in enumerate(BUCKETS):
            self._cumulative[place] += bisect_right(ordered, bound)
        self._count += len(ordered)
        self._total += total
        self._window.extend(seconds)

    def quantile(self, q: float) -> float | None:
        """Return the nearest-rank quantile of the window; None while it is empty."""
        if not self._window:
            return None
        ordered = sorted(self._window)
        return ordered[max(0, math.ceil(q * len(ordered)) - 1)]

    def families(self, name: str, help_text: str) -> Iterator[Metric]:
        """Yield the histogram and the two quantiles; these are NaN while nothing was observed."""
        buckets = [(repr(bound), count) for bound, count in zip(BUCKETS, self._cumulative, strict=True)]
        buckets.append(("+Inf", self._count))
        yield HistogramMetricFamily(f"{name}_seconds", help_text, buckets=buckets, sum_value=self._total)
        for percent in (50, 95):
            value = self.quantile(percent / 100)
            yield GaugeMetricFamily(
                f"{name}_p{percent}_seconds",
                f"{help_text} P{percent} of the last {WINDOW}.",
                value=math.nan if value is None else value,
            )


class Metrics:
    """The bot's counters, gauges and durations, on a registry of their own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._ingested = 0
        self._gaps = 0
        self._flagged = _Tally(intent for intent in Intent if intent is not Intent.OTHER)
        self._refined = _Tally()
        self._replies = _Tally()
        self._retries = _Tally()
        self._durations = {name: _Durations() for name in (INGEST_TO_OBSERVE, OBSERVE_TO_REPLY, LOOP_DELAY)}
        self._llm_calls = _Sums("provider", "task", "outcome")
        self._llm_tokens = _Sums("provider", "kind")
        self._llm_cost = _Sums("provider")
        self._breakers: dict[str, Callable[[], float]] = {}
        self._queues: dict[str, Callable[[], int]] = {}
        self._latency: Callable[[], float] | None = None
        self._failing: set[str] = set()
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def ingested(self, amount: int) -> None:
        """Count signals that were committed for the first time."""
        self._ingested += _counted(amount)

    def flagged(self, intent: str, amount: int = 1) -> None:
        """Count signals the observer flagged with a message intent."""
        self._flagged.add(intent, amount)

    def refined(self, outcome: str, amount: int = 1) -> None:
        """Count light judgements by what the second judge made of them.

        Args:
            outcome: "confirmed", "flagged" or "cleared"; or why it said nothing: "behind", "busy", "failed",
                "late" or "unavailable". With "llm_" in front: the judgements so far, by what a language
                model made of them.
            amount: How many.
        """
        self._refined.add(outcome, amount)

    def replied(self, outcome: str, seconds: float | None = None, amount: int = 1) -> None:
        """Count plans carried out, by what came of them.

        Args:
            outcome: A word from a small fixed set, such as a `Status`.
            seconds: From the observer's decision to Discord's answer; None when nothing was posted.
            amount: How many.
        """
        self._replies.add(outcome, amount)
        if seconds is not None:
            self._durations[OBSERVE_TO_REPLY].extend((seconds,))

    def observed(self, seconds: Sequence[float]) -> None:
        """Record a batch of times from gateway event to decision."""
        self._durations[INGEST_TO_OBSERVE].extend(seconds)

    def loop_delayed(self, seconds: Sequence[float]) -> None:
        """Record how late the event loop was, each time it was looked at."""
        self._durations[LOOP_DELAY].extend(seconds)

    def retried(self, status: int) -> None:
        """Count one retry of a call to Discord, by the HTTP status that caused it (0: no answer at all)."""
        self._retries.add(str(status), 1)

    def gap(self, amount: int = 1) -> None:
        """Count stretches of messages the gateway did not deliver."""
        self._gaps += _counted(amount)

    def llm_asked(self, provider: str, task: str, outcome: str) -> None:
        """Count a link of a chain of language models: "answered", "cached", or why it gave no answer."""
        self._llm_calls.add((provider, task, outcome))

    def llm_used(self, provider: str, input_tokens: int, output_tokens: int, cost: float) -> None:
        """Count what an answer of a language model took; `cost` is US dollars."""
        self._llm_tokens.add((provider, "input"), input_tokens)
        self._llm_tokens.add((provider, "output"), output_tokens)
        self._llm_cost.add((provider,), cost)

    def track_llm(self, provider: str, breaker: Callable[[], float], waiting: Callable[[], int]) -> None:
        """Read a provider's circuit breaker and queue at each scrape.

        Args:
            provider: Its name; a second call for it replaces the first.
            breaker: 0 while calls pass, 1 while one does to see, 2 while none does.
            waiting: Calls waiting for their turn.
        """
        self._breakers[provider] = breaker
        self.track_queue(f"llm_{provider}", waiting)

    def track_queue(self, name: str, depth: Callable[[], int]) -> None:
        """Read a queue's depth from `depth` at each scrape; a second call for a name replaces the first."""
        self._queues[name] = depth

    def depths(self) -> dict[str, int]:
        """Return how many items wait in each queue that is tracked; what can't be read is left out."""
        return {sample.labels["queue"]: int(sample.value) for sample in self._depths().samples}

    def track_latency(self, latency: Callable[[], float]) -> None:
        """Read the gateway's latency (seconds; NaN when unknown) from `latency` at each scrape."""
        self._latency = latency

    def quantile(self, name: str, q: float) -> float | None:
        """Return a quantile of the last WINDOW durations, in seconds; None while there are none.

        Args:
            name: INGEST_TO_OBSERVE, OBSERVE_TO_REPLY or LOOP_DELAY.
            q: 0 to 1.

        Raises:
            ValueError: No such durations, or `q` outside 0 to 1.
        """
        if name not in self._durations or not 0 <= q <= 1:
            raise ValueError(
                f"no quantile {q} of {name!r}: names are {', '.join(self._durations)}, q is 0 to 1"
            )
        return self._durations[name].quantile(q)

    def render(self) -> bytes:
        """Return everything in Prometheus's text format, to be sent as `content_type`."""
        return generate_latest(self.registry)

    def describe(self) -> list[Metric]:
        """Tell the registry no names beforehand: they would have to be collected to be known."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family; the registry calls this at a scrape."""
        yield CounterMetricFamily(
            "signals_ingested_total", "Messages stored for the first time.", value=self._ingested
        )
        yield CounterMetricFamily(
            "gaps_total", "Stretches of messages the gateway did not deliver.", value=self._gaps
        )
        yield _counter("observer_flagged_total", "Messages flagged by the observer.", "intent", self._flagged)
        yield _counter(
            "refined_total",
            "Messages for the second judge and, with llm_, for a language model.",
            "outcome",
            self._refined,
        )
        yield _counter("orchestrator_replies_total", "Plans carried out.", "outcome", self._replies)
        yield _counter("discord_http_retries_total", "Retried calls to Discord.", "status", self._retries)
        yield from self._llm_families()
        yield from self._durations[INGEST_TO_OBSERVE].families(
            INGEST_TO_OBSERVE, "Seconds from gateway event to decision."
        )
        yield from self._durations[OBSERVE_TO_REPLY].families(
            OBSERVE_TO_REPLY, "Seconds from decision to posted reply."
        )
        yield from self._durations[LOOP_DELAY].families(
            LOOP_DELAY, "Seconds that the event loop was late, looked at 50 times a second."
        )
        yield self._depths()
        latency = GaugeMetricFamily("gateway_latency_seconds", "Seconds from heartbeat to its answer.")
        if self._latency is not None:
            self._sample(latency, "gateway_latency_seconds", self._latency, labels=[])
        yield latency

    def _depths(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("queue_depth", "Items waiting.", labels=["queue"])
        for name, depth in self._queues.items():
            self._sample(family, name, depth, labels=[name])
        return family

    def _llm_families(self) -> Iterator[Metric]:
        yield self._llm_calls.family(
            "llm_calls_total", "Links of chains of language models, by what came of them."
        )
        yield self._llm_tokens.family("llm_tokens_total", "Tokens of answers of language models.")
        yield self._llm_cost.family("llm_cost_usd_total", "US dollars spent for language models.")
        states = GaugeMetricFamily(
            "llm_breaker_state",
            "Whether a provider is asked: 0 yes, 1 with one call, 2 no.",
            labels=["provider"],
        )
        for provider, state in self._breakers.items():
            self._sample(states, f"llm_breaker_state {provider}", state, labels=[provider])
        yield states

    def _sample(
        self, family: GaugeMetricFamily, name: str, read: Callable[[], float], labels: list[str]
    ) -> None:
        """Add what `read` returns; when it fails the scrape goes on without it, logged once per failure."""
        try:
            value = float(read())
        except Exception:
            if name not in self._failing:
                logger.exception("Metric {} can't be read", name)
            self._failing.add(name)
            return
        self._failing.discard(name)
        family.add_metric(labels, value)


def _counted(amount: T) -> T:
    """Return `amount`; a counter that falls would look like a restart to Prometheus."""
    if amount < 0:
        raise ValueError(f"a counter can't fall: {amount}")
    return amount


def _counter(name: str, help_text: str, label: str, tally: _Tally) -> CounterMetricFamily:
    family = CounterMetricFamily(name, help_text, labels=[label])
    for value, count in tally.items():
        family.add_metric([value], count)
    return family
