"""The benchmarks measure what they say: the flood arrives whole, and the figures are put together right."""

import asyncio
import json
import sqlite3
import sys
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from benchmarks import frames, ingest, latency, llm, payloads, report, startup, tickets, wire
from benchmarks.__main__ import main
from benchmarks.children import Child, MeasurementError
from benchmarks.round import running
from benchmarks.targets import TARGETS, Lookout
from benchmarks.texts import length_at, texts

MESSAGES = 450  # more than two runs of frames, so that run borders are crossed


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the encoder, which takes seconds to load: no figure of these tests is looked at."""
    monkeypatch.setenv("LOOKOUT_NLP__ENCODER", "off")


def sample(target: str, round_number: int, committed: float, decided: float | None = None) -> ingest.Sample:
    return ingest.Sample(target, round_number, committed, decided, 1.0, 50.0, 60.0, 80.0, 10.0)


async def payloads_of(data: bytes) -> list[bytes]:
    """Unwrap frames the way a client would, with the project's own reader (it takes unmasked frames, too)."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while not reader.at_eof():
        found.append((await wire.read_frame(reader))[1])
    return found


def test_no_two_texts_are_alike_and_a_seed_repeats() -> None:
    made = list(texts(20_000, seed=7))
    assert len(set(made)) == len(made)
    assert made[:500] == list(texts(500, seed=7))
    assert made[:500] != list(texts(500, seed=8))
    assert all(text == text.strip() and 0 < len(text) <= 2000 for text in made)


def test_texts_are_as_long_as_in_the_day_logs() -> None:
    lengths = sorted(map(len, texts(10_000, seed=7)))
    assert lengths[5_000] == pytest.approx(length_at(0.5), abs=5)
    assert lengths[9_500] == pytest.approx(length_at(0.95), abs=15)
    assert (length_at(0.0), length_at(1.0)) == (1, 1499)


def test_messages_are_ordered_and_of_the_announced_guild() -> None:
    flood = payloads.messages(300, 1, datetime(2026, 1, 1, tzinfo=UTC))
    ids = [int(message["id"]) for message in flood]
    assert ids == sorted(set(ids))
    channels = {channel["id"] for channel in payloads.guild_create()["channels"]}
    assert {message["channel_id"] for message in flood} <= channels
    replies = [message for message in flood if message["type"] == 19]
    assert 10 <= len(replies) <= 60
    assert all(
        reply["referenced_message"]["id"] == reply["message_reference"]["message_id"] for reply in replies
    )


async def test_every_encoding_carries_the_same_flood_around_heartbeat_answers(tmp_path: Path) -> None:
    frames.encode(tmp_path, MESSAGES, 1)
    plain, packed = frames.load(tmp_path, "plain"), frames.load(tmp_path, "zlib")
    sent = [json.loads(payload) for run in plain.runs() for payload in await payloads_of(bytes(run))]
    assert [message["s"] for message in sent] == list(range(3, MESSAGES + 3))

    live = wire.ZlibCodec()
    stream = live.hello(b'{"op":10}') + b"".join(
        bytes(run) + live.between(b'{"op":11}') for run in packed.runs()
    )
    inflate = zlib.decompressobj()
    received = [json.loads(inflate.decompress(payload)) for payload in await payloads_of(stream)]
    assert [message for message in received if message["op"] == 0] == sent
    assert sum(message["op"] == 11 for message in received) == len(packed.ends) == 3

    unpack = zstandard.ZstdDecompressor().decompressobj().decompress
    streamed = [
        json.loads(unpack(payload))
        for run in frames.load(tmp_path, "zstd").runs()
        for payload in await payloads_of(bytes(run))
    ]
    assert streamed == sent
    assert wire.ZstdCodec().between(b'{"op":11}') == wire.PlainCodec().between(b'{"op":11}')


def test_ingest_counts_every_message_and_writes_its_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "result.json"
    assert main(["ingest", "--messages", "200", "--only", "nothing", "--json", str(path)]) == 0
    result = json.loads(path.read_text())
    assert result["messages"] == 200
    assert [taken["target"] for taken in result["samples"]] == ["nothing"]
    assert result["medians"]["nothing"]["to_nothing"] == 1.0
    assert result["medians"]["nothing"]["to_one_hour"] is None
    assert result["medians"]["nothing"]["peak_mb"] >= result["medians"]["nothing"]["ready_mb"] > 10
    assert "nothing" in capsys.readouterr().out


async def test_the_one_hour_bot_has_committed_every_message_when_it_says_so(tmp_path: Path) -> None:
    frames.encode(tmp_path, 200, 1)
    database = tmp_path / "kept.db"
    async with running(TARGETS["one-hour"], tmp_path, 200, extra={"DB_PATH": str(database)}) as it:
        await it.discord.say("flood")
        await it.target.finished(it.bot, 20.0)
        reader = sqlite3.connect(database)
        stored = reader.execute(
            "SELECT count(*), count(DISTINCT content), max(sentiment) FROM messages"
        ).fetchone()
        reader.close()
    assert stored[:2] == (200, 200)
    assert stored[2] > 0


def test_ratios_are_taken_within_a_round_and_from_the_slower_rate() -> None:
    taken = [sample("nothing", 0, 100.0), sample("one-hour", 0, 40.0), sample("lookout", 0, 50.0, 20.0)]
    taken += [sample("nothing", 1, 10.0), sample("one-hour", 1, 4.0), sample("lookout", 1, 5.0, 6.0)]
    taken += [sample("nothing", 2, 10.0), sample("one-hour", 2, 4.0), sample("lookout", 2, 3.0, 3.0)]
    median = ingest.summary(taken, 1)["medians"]["lookout"]
    assert median["to_nothing"] == pytest.approx(0.3)
    assert median["to_one_hour"] == pytest.approx(0.75)
    assert median["committed"] == 5.0


async def test_lookout_is_through_only_when_all_rows_are_there_and_done(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "bench.db", isolation_level=None)
    database.execute("CREATE TABLE signals (id TEXT PRIMARY KEY, stage TEXT)")
    database.executemany("INSERT INTO signals VALUES (?, ?)", [("a", "done"), ("b", "plan")])
    target = Lookout(tmp_path, 1, 3)
    async with Child("sleeper", ["-c", "import sys; sys.stdin.read()"], {}, tmp_path) as bot:
        with pytest.raises(MeasurementError, match="stored 2 of 3"):
            await target.finished(bot, 0.05)
        database.execute("INSERT INTO signals VALUES ('c', 'done')")
        with pytest.raises(MeasurementError, match="stored 3 of 3"):
            await target.finished(bot, 0.05)
        database.execute("UPDATE signals SET stage = 'done'")
        finish = await target.finished(bot, 5.0)
    database.close()
    assert finish.decided_ns is not None
    assert finish.committed_ns <= finish.decided_ns


async def test_a_child_that_ends_early_is_reported_with_its_last_words(tmp_path: Path) -> None:
    async with Child("broken", ["-c", "print('no token'); raise SystemExit(2)"], {}, tmp_path) as child:
        with pytest.raises(MeasurementError, match="no token"):
            await child.event("ready", 20.0)


async def test_a_child_that_reports_an_error_voids_the_measurement(tmp_path: Path) -> None:
    code = """print('{"event": "error", "text": "session lost"}', flush=True); import sys; sys.stdin.read()"""
    async with Child("flood", ["-c", code], {}, tmp_path) as child:
        with pytest.raises(MeasurementError, match="session lost"):
            await child.event("last_frame", 20.0)


async def test_startup_measures_a_bare_bot() -> None:
    (start,) = await startup.measure(["nothing"], runs=1)
    assert start.seconds > 0
    assert startup.summary([start])["medians"]["nothing"]["to_bare"] == 1.0


def test_startup_refuses_what_it_does_not_measure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["startup", "--only", "one-hour"])
    assert "one-hour" in capsys.readouterr().err


@pytest.mark.usefixtures("light")
def test_lookout_gets_through_a_flood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKOUT_CALLED_FROM", str(tmp_path))
    assert main(["ingest", "--messages", "300", "--only", "lookout", "--json", "result.json"]) == 0
    (taken,) = json.loads((tmp_path / "result.json").read_text())["samples"]
    assert taken["target"] == "lookout"
    assert taken["committed"] >= taken["decided"] > 0


@pytest.mark.usefixtures("light")
async def test_lookout_answers_each_request() -> None:
    assert all(await latency.measure("lookout", 3))


@pytest.mark.usefixtures("light")
def test_lookout_beside_a_slow_model(tmp_path: Path) -> None:
    """A small one: whether its figures are as promised is up to the machine, that they are told is not."""
    path = tmp_path / "result.json"
    arguments = ["--seconds", "2", "--rate", "100", "--requests", "4", "--model-seconds", "0.2"]
    arguments += ["--judging", "cascade"]
    assert main(["llm", *arguments, "--json", str(path)]) in {0, 1}
    result = json.loads(path.read_text())
    alone, beside = result["loads"]
    assert (alone["most_open"], alone["answered"]) == (0, 0)
    assert 0 < beside["most_open"] <= 4
    assert beside["answered"] > 0
    assert all(load["ingested"] > 0 and load["heartbeats"] > 0 for load in (alone, beside))
    assert all(0 <= load["p50_ms"] <= load["p99_ms"] for load in (alone, beside))
    assert all(load["cpu_ms"] > 0 for load in (alone, beside))


def test_delays_are_those_between_two_scrapes_and_their_quantiles_lie_within_a_bucket() -> None:
    name = 'event_loop_delay_seconds_bucket{{le="{}"}}'
    before = {name.format("0.001"): 5.0, name.format("0.05"): 5.0, name.format("+Inf"): 5.0, "other": 1.0}
    after = {name.format("+Inf"): 105.0, name.format("0.05"): 103.0, name.format("0.001"): 55.0, "other": 9.0}
    counts = llm.delays(before, after)
    assert counts == [(0.001, 50.0), (0.05, 98.0), (float("inf"), 100.0)]
    assert llm.quantile(counts, 0.5) == 0.001
    assert llm.quantile(counts, 0.25) == 0.0005
    assert llm.quantile(counts, 0.98) == pytest.approx(0.05)
    assert llm.quantile(counts, 0.99) == 0.05  # longer than any bound: no more is known
    with pytest.raises(MeasurementError, match="event_loop_delay"):
        llm.quantile([], 0.5)


@pytest.mark.parametrize(
    ("at_ms", "expected"),
    [
        ([900, 1_900, 2_900], (3, 0, 1_000)),
        ([900, 2_300, 2_900], (3, 0, 1_400)),
        ([900, 2_900], (2, 1, 2_000)),
        ([900], (1, 2, 2_600)),
        ([], (0, 3, 3_500)),
    ],
    ids=["all", "late", "one missed", "stopped", "none"],
)
def test_heartbeats_that_did_not_come_are_counted(at_ms: list[int], expected: tuple[int, int, float]) -> None:
    second = 1_000_000_000
    times = [second - 100_000_000, *(second + each * 1_000_000 for each in at_ms)]
    count, missed, longest = llm.beats(times, second, second + 3_500_000_000)
    assert (count, missed) == expected[:2]
    assert longest == pytest.approx(expected[2], abs=101)


def test_what_was_not_as_promised_is_told() -> None:
    good = llm.Load("x", 499.0, 1.0, 20.0, 0.001, 30, 0, 1_010.0, 100, 900, 0.9)
    assert llm.problems_of(good, 500, 100) == []
    bad = replace(good, ingested=300.0, p99_ms=51.0, missed=1, most_open=99)
    assert len(llm.problems_of(bad, 500, 100)) == 4


@pytest.mark.usefixtures("light")
def test_an_import_and_first_answers_in_tickets(tmp_path: Path) -> None:
    """A small one: whether its figures are as promised is up to the machine, that they are told is not."""
    path = tmp_path / "result.json"
    assert main(["tickets", "--entries", "260", "--tickets", "2", "--json", str(path)]) in {0, 1}
    result = json.loads(path.read_text())
    imported = result["imported"]
    assert (imported["entries"], imported["progress"]) == (260, 1)
    assert imported["seconds"] > 0
    assert 0 <= imported["late_p50_ms"] <= imported["late_p99_ms"]
    assert [(each["name"], each["trained"], each["count"]) for each in result["answers"]] == [
        ("after the import", 2, 2),
        ("after a restart", 2, 2),
    ]
    assert all(0 < each["p50"] <= each["longest"] for each in result["answers"])
    assert result["ready_seconds"] > result["ready_cpu_seconds"] * 0.5 > 0


def test_what_a_ticket_was_promised_and_did_not_get_is_told() -> None:
    imported = tickets.Import(10_000, 9.0, 9, 1.0, 40.0, 4.0)
    answers = [tickets.summary(name, [250.0, 100.0, 90.0], 3, [70.0, 120.0, 180.0]) for name in ("a", "b")]
    assert (answers[0].first, answers[0].p50, answers[0].longest) == (250.0, 100.0, 250.0)
    assert (answers[0].first_cpu_ms, answers[0].cpu_ms) == (70.0, 60.0)
    good = tickets.Measured(imported, answers, 2.5, 2.0)
    assert tickets.problems_of(good) == []
    late = [answers[0], tickets.summary("b", [100.0, 301.0], 1, [1.0, 2.0])]
    bad = tickets.Measured(replace(imported, seconds=11.0, progress=0, late_p99_ms=51.0), late, 3.1, 2.0)
    assert len(tickets.problems_of(bad)) == 6
    small = tickets.Measured(replace(imported, entries=2_000), answers, 2.5, 2.0)
    assert next(each.most for each in tickets.goals_of(small)) == 2.0


def test_a_table_is_not_cut_off(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    report.table("A title", [f"a column {number}" for number in range(8)], [["one value"] * 8])
    assert "…" not in capsys.readouterr().out


async def test_a_reply_is_matched_to_its_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = tmp_path / "replying_bot.py"
    bot.write_text(_REPLYING_BOT)
    monkeypatch.setattr(TARGETS["nothing"], "child", lambda self: replying(self, bot))
    waits = await latency.measure("nothing", 3)
    assert len(waits) == 3
    assert all(wait is not None and wait > 0 for wait in waits)
    assert latency.summary([5.0, None, 1.0])["unanswered"] == 1


def replying(target: object, script: Path) -> Child:
    environment = target._environment  # type: ignore[attr-defined]
    return Child("replying", [str(script)], environment, script.parent)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 2.0), (0.95, 4.0), (0.0, 1.0), (0.25, 1.0)], ids=["p50", "p95", "p0", "p25"]
)
def test_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert report.percentile([4.0, 1.0, 3.0, 2.0], share) == expected


def test_benchmarks_do_not_load_the_bot() -> None:
    assert "benchmarks.ingest" in sys.modules
    sources = [path.read_text() for path in Path(ingest.__file__).parent.rglob("*.py")]
    lines = [line.strip() for source in sources for line in source.splitlines()]
    assert not [
        line for line in lines if line.startswith(("import bot", "from bot", "import cogs", "from cogs"))
    ]


_REPLYING_BOT = """
import discord
from benchmarks.baselines.common import intents, prepare, say

class Replying(discord.Client):
    async def on_connect(self):
        say("ready")

    async def on_message(self, message):
        await message.channel.send("Which setting?", reference=message)

_, token = prepare()
Replying(intents=intents()).run(token, log_handler=None)
"""
