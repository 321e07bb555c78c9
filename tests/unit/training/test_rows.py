"""What the heads are trained on: formats, what is refused, what is held out."""

from pathlib import Path
from zlib import crc32

import pytest

from bot.nlp import heads
from bot.nlp.training_rows import message_id, row_key
from bot.training import rows
from bot.training.recipes import RECIPES, chosen, gather
from bot.training.rows import CorpusError, Sample, corpus_samples, day_samples, file_samples, read_labels
from tests.unit.training.tiny import DAYS, HELD_OUT_DAY, SHARE_ALIKE, write_json, write_lines


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(rows, "CORPUS", tmp_path)
    return tmp_path


def test_a_line_of_the_corpus_is_codes_text_and_what_was_said_before(corpus: Path) -> None:
    write_lines(corpus / "chat.tsv", ["Ps-2x\tit broke\\nagain\tann: hi || bob: so?", "Ou+1\thm"])
    broke, hm = corpus_samples()
    assert broke == Sample(
        "it broke\nagain",
        "corpus/chat",
        broke.group,
        context=("ann: hi", "bob: so?"),
        intent="problem_report",
        purpose="support",
        sentiment="neg",
        urgency="high",
        toxicity="toxic",
    )
    assert broke.is_corpus
    assert (hm.intent, hm.purpose, hm.sentiment, hm.urgency, hm.toxicity, hm.context) == (
        ("other", "", "pos", "med", "clean", ())
    )


def test_a_line_of_the_routes_is_a_route_and_a_prompt(corpus: Path) -> None:
    write_lines(corpus / "routes.tsv", ["math\ttwo and\\ntwo"])
    (sample,) = corpus_samples()
    assert (sample.route, sample.text, sample.source) == ("math", "two and\ntwo", "corpus/routes")
    assert (sample.intent, sample.toxicity) == ("", "")


@pytest.mark.parametrize(
    "line",
    [
        "Xs00\thello",
        "Hx00\thello",
        "Hs*0\thello",
        "Hs03\thello",
        "Hs00y\thello",
        "Hs0\thello",
        "Hs00 hello",
        "Hs00\thello\tann: hi\tmore",
        "",
    ],
    ids=repr,
)
def test_a_broken_line_of_chat_is_named(corpus: Path, line: str) -> None:
    write_lines(corpus / "chat.tsv", ["Hs00\thow do i do it?", line])
    with pytest.raises(CorpusError, match=r"^chat\.tsv:2: "):
        list(corpus_samples())


@pytest.mark.parametrize("line", ["poetry\ta poem", "math", "math\ta\tb"])
def test_a_broken_line_of_the_routes_is_named(corpus: Path, line: str) -> None:
    write_lines(corpus / "routes.tsv", ["math\tone", "math\ttwo", line])
    with pytest.raises(CorpusError, match=r"^routes\.tsv:3: "):
        list(corpus_samples())


def test_what_was_read_and_not_labelled_is_other(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "day.tsv", ["1\tH02", "read 0 2", "", "2\tP-1x", "9\t?00"])
    assert read_labels(path) == {0: "O00", 1: "H02", 2: "P-1x", 9: "?00"}


@pytest.mark.parametrize(
    "line", ["H00", "one\tH00", "1\tH0", "1\tX00", "1\tH*0", "1\tH09", "1\tH00xx", "read 1", "1\tH00\tmore"]
)
def test_a_broken_label_is_named(tmp_path: Path, line: str) -> None:
    path = write_lines(tmp_path / "day.tsv", ["0\tH00", line])
    with pytest.raises(CorpusError, match=r"^day\.tsv:2: "):
        read_labels(path)


def test_a_label_of_a_message_that_is_not_there_is_named(tiny: Path) -> None:
    write_lines(rows.LABELS / f"{DAYS[2]}.tsv", ["12\tH00"])
    with pytest.raises(CorpusError, match=r"^day-made-up-2\.tsv: the day has no message 12"):
        list(day_samples(tiny, held_out=False))


def test_labelled_days_come_with_the_lines_before_and_their_keys(tiny: Path) -> None:
    samples = [sample for sample in day_samples(tiny, held_out=False) if sample.group == DAYS[1]]
    assert len(samples) == 10  # 12 messages: one said twice, one that can't be told
    broke = samples[3]
    assert (broke.text, broke.author, broke.source) == (
        "the lamp 1 crashes with an error",
        "user00",
        "day_logs",
    )
    assert (broke.intent, broke.sentiment, broke.urgency, broke.toxicity, broke.purpose) == (
        ("problem_report", "neg", "low", "clean", "")
    )
    assert broke.context == (
        "user00: how do i pin a note 1",
        "user01: where is the lamp number 1?",
        "user02: can anyone show me page 1",
    )
    assert broke.keys == (row_key("day_logs", message_id(DAYS[1], 3), broke.text),)
    repeated = next(sample for sample in samples if sample.text == "hm")
    assert repeated.keys == tuple(row_key("day_logs", message_id(DAYS[1], at), "hm") for at in (9, 10))
    assert samples[0].context == ()
    assert samples[7].toxicity == "toxic"


def test_days_held_out_are_apart_and_days_without_labels_are_nowhere(tiny: Path) -> None:
    assert {sample.group for sample in day_samples(tiny, held_out=False)} == set(DAYS)
    assert {sample.group for sample in day_samples(tiny, held_out=True)} == {HELD_OUT_DAY}


def test_a_tenth_of_a_file_is_held_out_by_id_and_the_chat_as_a_whole(tmp_path: Path) -> None:
    given = [{"id": f"row-{n}", "text": f"text {n}", "purpose": "spam", "licence": "MIT"} for n in range(400)]
    write_json(tmp_path, "spam_purpose", given)
    write_json(tmp_path, "intent_chat_hand", [{**row, "intent": "other"} for row in given])
    kept = list(file_samples(tmp_path, "spam_purpose", "purpose"))
    left = {row["id"] for row in given} - {sample.group.removeprefix("spam_purpose:") for sample in kept}
    assert left == {row["id"] for row in given if crc32(row["id"].encode()) % 10 == 0}
    assert 20 < len(left) < 60
    first = kept[0].group.removeprefix("spam_purpose:")
    assert kept[0].keys == (row_key("spam_purpose", first, kept[0].text),)
    assert (kept[0].purpose, kept[0].intent) == ("spam", "")
    assert list(file_samples(tmp_path, "intent_chat_hand", "intent")) == []


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("CC-BY-4.0 (UCI SMS Spam Collection; mirror has no LICENSE)", True),
        ("Apache-2.0 (GoEmotions: CC-BY-4.0)", True),
        (SHARE_ALIKE, False),
        ("Apache-2.0 (repo); NQ data CC-BY-SA-3.0", False),
        ("CC-BY-NC-4.0", False),
        ("research; local evaluation only", False),
    ],
)
def test_some_licences_do_not_allow_training(tmp_path: Path, licence: str, allowed: bool) -> None:
    write_json(tmp_path, "routing", [{"id": "r1", "text": "a", "route": "math", "licence": licence}])
    assert not rows.is_held_out("routing", "r1")
    assert len(list(file_samples(tmp_path, "routing", "route"))) == allowed


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"id": "a", "text": "b", "route": "poetry", "licence": "MIT"}, "'poetry' is no route"),
        ({"id": "a", "text": "b", "route": "math"}, "has no 'licence'"),
        ({"id": "a", "text": "b", "licence": "MIT"}, "has no 'route'"),
    ],
)
def test_a_row_without_what_training_needs_is_named(
    tmp_path: Path, row: dict[str, str], complaint: str
) -> None:
    good = {"id": "r1", "text": "a", "route": "math", "licence": "MIT"}
    write_json(tmp_path, "routing", [good, row])
    with pytest.raises(CorpusError, match=rf"^routing\.jsonl:2: {complaint}"):
        list(file_samples(tmp_path, "routing", "route"))


def test_a_row_that_is_not_json_is_named(tmp_path: Path) -> None:
    write_lines(tmp_path / "routing.jsonl", ["{"])
    with pytest.raises(CorpusError, match=r"^routing\.jsonl:1: is not JSON"):
        list(file_samples(tmp_path, "routing", "route"))


def test_everything_is_gathered_and_what_is_closed_or_held_out_is_not(tiny: Path) -> None:
    samples = gather(tiny)
    assert {sample.source for sample in samples} == {
        "corpus/chat", "corpus/routes", "day_logs", "sentiment", "toxicity", "spam_purpose", "routing",
    }  # fmt: skip
    assert "not ours" not in {sample.text for sample in samples}
    assert HELD_OUT_DAY not in {sample.group for sample in samples}
    assert all((sample.keys == ()) is sample.is_corpus for sample in samples)


def test_a_day_s_line_is_support_where_that_is_plain(tiny: Path) -> None:
    write_json(
        tiny,
        "day_logs",
        [
            {
                "id": DAYS[0],
                "licence": "MIT",
                "messages": [
                    {"author": "a", "text": text}
                    for text in ("how do i?", "see https://a.example", "soup", "it fails")
                ],
            }
        ],
    )
    write_lines(rows.LABELS / f"{DAYS[0]}.tsv", ["read 0 2", "0\tH00", "3\tP00"])
    days = [sample for sample in gather(tiny) if sample.source == "day_logs"]
    assert [sample.purpose for sample in days] == ["support", "support", "", "support"]


def test_every_head_has_a_recipe_and_is_trained_on_rows_with_its_label(tiny: Path) -> None:
    samples = gather(tiny)
    assert [recipe.head for recipe in RECIPES] == list(heads.LABELS)
    for recipe in RECIPES:
        labelled = [samples[at] for at in chosen(recipe, samples)]
        assert {getattr(sample, recipe.head) for sample in labelled} == set(heads.LABELS[recipe.head])
        assert recipe.main in {sample.source for sample in labelled}
        assert all(recipe.weigh(sample) > 0 for sample in labelled)
