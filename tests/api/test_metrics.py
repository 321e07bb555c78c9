import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.services.metrics import (
    BUCKETS,
    INGEST_TO_OBSERVE,
    MAX_COMBINATIONS,
    MAX_LABELS,
    OBSERVE_TO_REPLY,
    WINDOW,
    Metrics,
)

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(metrics: Metrics) -> Samples:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def labelled(samples: Samples, name: str) -> dict[str, float]:
    return {labels[0][1]: value for (found, labels), value in samples.items() if found == name}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_counts_appear_under_their_names(metrics: Metrics) -> None:
    metrics.ingested(5)
    metrics.ingested(2)
    metrics.flagged("help_request", 3)
    metrics.flagged("help_request")
    metrics.replied("responded", 0.02)
    metrics.replied("skipped")
    metrics.refined("late", 3)
    metrics.refined("flagged")
    metrics.retried(429)
    metrics.retried(503)
    metrics.gap()
    samples = scrape(metrics)
    assert samples["signals_ingested_total", ()] == 7
    assert labelled(samples, "observer_flagged_total") == {"help_request": 4, "problem_report": 0}
    assert labelled(samples, "refined_total") == {"late": 3, "flagged": 1}
    assert labelled(samples, "orchestrator_replies_total") == {"responded": 1, "skipped": 1}
    assert labelled(samples, "discord_http_retries_total") == {"429": 1, "503": 1}
    assert samples["gaps_total", ()] == 1
    assert samples["observe_to_reply_seconds_count", ()] == 1


def test_instances_share_nothing(metrics: Metrics) -> None:
    metrics.ingested(5)
    metrics.observed([1.0])
    other = scrape(Metrics())
    assert other["signals_ingested_total", ()] == 0
    assert other["ingest_to_observe_seconds_count", ()] == 0


def test_counters_never_fall(metrics: Metrics) -> None:
    for count in (metrics.ingested, metrics.gap, lambda n: metrics.flagged("other", n)):
        with pytest.raises(ValueError, match="can't fall"):
            count(-1)


def test_histogram_is_cumulative_and_bounds_are_inclusive(metrics: Metrics) -> None:
    metrics.observed([0.0005, 0.0006, 0.06, 59.0, 61.0, -1.0, math.nan, math.inf, -math.inf])
    samples = scrape(metrics)
    buckets = {
        float(le): value for le, value in labelled(samples, "ingest_to_observe_seconds_bucket").items()
    }
    assert list(buckets) == [*BUCKETS, math.inf]
    assert buckets[0.0005] == 2  # the bound itself, and the clock that stepped back
    assert buckets[0.001] == 3
    assert buckets[0.05] == 3
    assert buckets[0.06] == 4
    assert buckets[60.0] == 5
    assert buckets[math.inf] == samples["ingest_to_observe_seconds_count", ()] == 6
    assert samples["ingest_to_observe_seconds_sum", ()] == pytest.approx(120.0611)


def test_buckets_tell_one_millisecond_from_the_next_at_the_start() -> None:
    assert BUCKETS[0] == 0.0005
    assert BUCKETS[-1] == 60.0
    assert list(BUCKETS) == sorted(set(BUCKETS))
    fine = [bound for bound in BUCKETS if 0.001 <= bound <= 0.2]
    assert max(b / a for a, b in pairwise(fine)) <= 2


@pytest.mark.parametrize("name", [INGEST_TO_OBSERVE, OBSERVE_TO_REPLY])
def test_quantiles_of_known_durations(metrics: Metrics, name: str) -> None:
    durations = [n / 1000 for n in range(1, 101)]  # 1 to 100 ms
    if name == INGEST_TO_OBSERVE:
        metrics.observed(durations[::-1])
    else:
        for seconds in durations:
            metrics.replied("responded", seconds)
    samples = scrape(metrics)
    assert metrics.quantile(name, 0.5) == samples[f"{name}_p50_seconds", ()] == 0.05
    assert metrics.quantile(name, 0.95) == samples[f"{name}_p95_seconds", ()] == 0.095
    assert metrics.quantile(name, 0) == 0.001
    assert metrics.quantile(name, 1) == 0.1


def test_quantiles_forget_what_left_the_window(metrics: Metrics) -> None:
    metrics.observed([50.0] * WINDOW)
    metrics.observed([0.01] * WINDOW)
    assert metrics.quantile(INGEST_TO_OBSERVE, 0.95) == 0.01
    assert scrape(metrics)["ingest_to_observe_seconds_count", ()] == 2 * WINDOW


def test_quantiles_of_nothing_are_none_and_nan(metrics: Metrics) -> None:
    assert metrics.quantile(OBSERVE_TO_REPLY, 0.5) is None
    assert math.isnan(scrape(metrics)["observe_to_reply_p95_seconds", ()])


@pytest.mark.parametrize(("name", "q"), [("nothing", 0.5), (INGEST_TO_OBSERVE, 1.1), (INGEST_TO_OBSERVE, -1)])
def test_impossible_quantile_is_refused(metrics: Metrics, name: str, q: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        metrics.quantile(name, q)


def test_queue_depth_and_latency_are_read_when_scraped(metrics: Metrics) -> None:
    queue: list[int] = []
    metrics.track_queue("ingest", lambda: len(queue))
    metrics.track_latency(lambda: 0.125)
    queue.extend([1, 2, 3])
    samples = scrape(metrics)
    assert labelled(samples, "queue_depth") == {"ingest": 3}
    assert samples["gateway_latency_seconds", ()] == 0.125


def test_reader_that_fails_is_left_out_and_logged_once_until_it_recovers(
    metrics: Metrics, log: list[str]
) -> None:
    def outcomes() -> Iterator[bool]:
        yield from (False, False, True, False)

    plays = outcomes()

    def depth() -> int:
        if next(plays):
            return 4
        raise RuntimeError("gone")

    metrics.track_queue("ingest", depth)
    metrics.track_queue("bus", lambda: 1)
    assert [labelled(scrape(metrics), "queue_depth") for _ in range(3)] == [
        {"bus": 1},
        {"bus": 1},
        {"ingest": 4, "bus": 1},
    ]
    assert len(log) == 1
    scrape(metrics)
    assert len(log) == 2


def test_labels_are_bounded_in_number_and_length(metrics: Metrics) -> None:
    for n in range(1_000):
        metrics.flagged(f"intent-{n}", 2)
        metrics.replied(f'odd "label"\n\\{n}' + "x" * 500)
        metrics.retried(n)
    samples = scrape(metrics)
    for name, total in (
        ("observer_flagged_total", 2_000),
        ("orchestrator_replies_total", 1_000),
        ("discord_http_retries_total", 1_000),
    ):
        counts = labelled(samples, name)
        assert len(counts) <= MAX_LABELS + 1
        assert max(map(len, counts)) <= 64
        assert sum(counts.values()) == total
        assert counts["other"] > 0


def test_language_models_are_counted_by_link_task_and_outcome(metrics: Metrics) -> None:
    metrics.llm_asked("ollama", "reply", "too_slow")
    metrics.llm_asked("openai", "reply", "answered")
    metrics.llm_asked("openai", "reply", "answered")
    metrics.llm_used("openai", 100, 20, 0.25)
    metrics.llm_used("openai", 1, 2, 0.5)
    state, waiting = [0.0], [3]
    metrics.track_llm("openai", lambda: state[0], lambda: waiting[0])
    state[0] = 2.0
    samples = scrape(metrics)
    calls = {labels: value for (name, labels), value in samples.items() if name == "llm_calls_total"}
    assert calls == {
        (("outcome", "too_slow"), ("provider", "ollama"), ("task", "reply")): 1,
        (("outcome", "answered"), ("provider", "openai"), ("task", "reply")): 2,
    }
    assert samples["llm_tokens_total", (("kind", "input"), ("provider", "openai"))] == 101
    assert samples["llm_tokens_total", (("kind", "output"), ("provider", "openai"))] == 22
    assert labelled(samples, "llm_cost_usd_total") == {"openai": 0.75}
    assert labelled(samples, "llm_breaker_state") == {"openai": 2}
    assert labelled(samples, "queue_depth") == {"llm_openai": 3}


def test_combinations_of_labels_are_bounded(metrics: Metrics) -> None:
    for number in range(MAX_COMBINATIONS + 5):
        metrics.llm_asked("p" * 100, "reply", str(number))
    calls = {labels: value for (name, labels), value in scrape(metrics).items() if name == "llm_calls_total"}
    assert len(calls) == MAX_COMBINATIONS + 1
    assert calls[("outcome", "other"), ("provider", "other"), ("task", "other")] == 5
