"""The retrieval index: what is put in is found, what is taken out is not, and scores are probabilities."""

import string
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlp.hashed import HashedEncoder
from bot.nlp.retrieval import HASHED, Calibration, Entry, RetrievalIndex, benchmark, evaluation, fitting
from bot.nlp.retrieval import index as index_module
from bot.nlp.retrieval.calibration import MOST
from bot.nlp.retrieval.lexical import LexicalIndex
from bot.nlp.retrieval.normalise import normalise, read, terms_of, terms_of_all
from bot.nlp.retrieval.vectors import VectorStore

ENCODER = HashedEncoder(256)
KNOWLEDGE = {
    "reset": ["how do I reset my password", "forgot my password", "password reset link"],
    "roles": ["how do I get the artist role", "where can I pick roles", "give me a role"],
    "rules": ["where are the server rules", "what is allowed here"],
}
WORDS = ("role", "rules", "password", "bot", "crash", "login", "music", "c++", "😀", "é", "ß")
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


def entries_of(knowledge: dict[str, list[str]]) -> list[Entry]:
    return [
        Entry(f"{answer}-{number}", answer, text)
        for answer, texts in knowledge.items()
        for number, text in enumerate(texts)
    ]


def filled(entries: list[Entry], calibration: Calibration = HASHED) -> RetrievalIndex:
    index = RetrievalIndex(ENCODER.dim, calibration)
    index.add(entries, ENCODER.encode_now([entry.text for entry in entries]))
    return index


def ask(index: RetrievalIndex, text: str, limit: int = 5) -> list[index_module.Match]:
    return index.search(text, ENCODER.encode_now([text])[0], limit)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I reset my password?", "how do i RESET my   password"),
        ("Hi all, where are the rules??", "where are the rules"),
        ("what's new, thanks!", "whats new"),
        ("\uff28\uff25\uff2c\uff30 me", "help me"),
    ],
    ids=["case and spacing", "greeting", "apostrophe and thanks", "width"],
)
def test_courtesies_and_spelling_do_not_hide_an_exact_match(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"), [("install c++", "install c#"), ("hello", "thanks"), ("???", "!"), ("😀", "😡")]
)
def test_what_differs_in_meaning_stays_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_the_right_answer_comes_first_and_names_its_phrasing() -> None:
    (first, *_) = ask(filled(entries_of(KNOWLEDGE)), "my password is forgotten")
    assert (first.answer_id, first.entry_id) == ("reset", "reset-1")
    assert not first.is_exact


def test_a_question_about_something_else_does_not_fit() -> None:
    matches = ask(filled(entries_of(KNOWLEDGE)), "lovely weather in lisbon today")
    assert matches
    assert not any(match.fits for match in matches)


def test_an_exact_match_is_first_and_fits() -> None:
    (first, *rest) = ask(filled(entries_of(KNOWLEDGE)), "Hey, GIVE me a role!!")
    assert (first.answer_id, first.is_exact, first.fits) == ("roles", True, True)
    assert first.score == pytest.approx(index_module.EXACT_SCORE)
    assert all(match.score <= 1 - first.score + 1e-6 and not match.fits for match in rest)


def test_two_answers_to_the_same_phrasing_share_the_score() -> None:
    index = filled([Entry("1", "b", "when is it out"), Entry("2", "a", "When is it out?")])
    matches = ask(index, "when is it out")
    assert [match.answer_id for match in matches] == ["a", "b"]
    assert {match.score for match in matches} == {index_module.EXACT_SCORE / 2}
    assert not any(match.fits for match in matches)


@given(st.lists(TEXTS.filter(normalise), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_an_entry_is_found_by_its_own_text_until_it_is_removed(texts: list[str]) -> None:
    entries = [Entry(str(at), str(at), text) for at, text in enumerate(texts)]
    index = filled(entries)
    for entry in entries:
        exact = {match.answer_id for match in ask(index, entry.text, len(texts)) if match.is_exact}
        assert entry.answer_id in exact
        assert index.remove([entry.id]) == 1
        assert entry.answer_id not in {match.answer_id for match in ask(index, entry.text, len(texts))}
    assert len(index) == 0


@given(TEXTS, st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_scores_are_probabilities_in_order_whatever_is_asked(question: str, limit: int) -> None:
    matches = ask(filled(entries_of(KNOWLEDGE)), question, limit)
    scores = [match.score for match in matches]
    assert len(matches) <= limit
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert sum(match.fits for match in matches) <= 1
    assert bool(matches) == bool(normalise(question))


@given(st.permutations(entries_of(KNOWLEDGE)), st.sampled_from(["password", "a role please", "rules"]))
@settings(max_examples=40, deadline=None)
def test_the_order_of_adding_does_not_matter(entries: list[Entry], question: str) -> None:
    usual = ask(filled(entries_of(KNOWLEDGE)), question)
    index = RetrievalIndex(ENCODER.dim, HASHED)
    for entry in entries:
        index.add([entry], ENCODER.encode_now([entry.text]))
    found = ask(index, question)
    assert [match.answer_id for match in found] == [match.answer_id for match in usual]
    assert [match.score for match in found] == pytest.approx([match.score for match in usual], abs=1e-4)


def test_removed_entries_leave_no_trace_in_the_scores() -> None:
    index = filled(entries_of(KNOWLEDGE))
    usual = ask(index, "pick a role")
    extra = entries_of({"extra": [f"role number {number} of many" for number in range(30)]})
    index.add(extra, ENCODER.encode_now([entry.text for entry in extra]))
    index.remove([entry.id for entry in extra])
    assert ask(index, "pick a role") == usual


def test_an_entry_of_a_known_id_is_replaced() -> None:
    index = filled(entries_of(KNOWLEDGE))
    index.add([Entry("rules-0", "events", "when is game night")], ENCODER.encode_now(["when is game night"]))
    assert len(index) == len(entries_of(KNOWLEDGE))
    assert ask(index, "when is game night")[0].answer_id == "events"
    assert not any(match.is_exact for match in ask(index, "where are the server rules"))


def test_of_equal_answers_the_first_by_id_comes_first() -> None:
    twins = [Entry("1", "z", "ban appeal form"), Entry("2", "a", "ban appeal form")]
    assert [match.answer_id for match in ask(filled(twins), "appeal my ban")] == ["a", "z"]


def test_more_support_never_lowers_a_score() -> None:
    support = np.linspace(-2, 3, 200, dtype=np.float32)
    assert (np.diff(HASHED.probabilities(support, 3)) >= 0).all()
    with pytest.raises(ValueError, match="above 0"):
        Calibration(-1, 0, 0)
    with pytest.raises(ValueError, match="threshold"):
        Calibration(1, 0, 0, 1.5)


def test_a_nearer_question_scores_higher() -> None:
    index = filled(entries_of(KNOWLEDGE))
    scores = [
        ask(index, text)[0].score
        for text in ("kitchen", "which colour is it", "where can I see roles", "where can I pick roles")
    ]
    assert scores == sorted(scores)
    assert scores[-2] < scores[-1] == pytest.approx(index_module.EXACT_SCORE)


@pytest.mark.parametrize(
    "vector", [np.zeros(3, np.float32), np.full(256, np.nan, np.float32)], ids=["shape", "not finite"]
)
def test_a_vector_of_another_kind_is_refused(vector: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"shape|finite"):
        filled(entries_of(KNOWLEDGE)).search("rules", vector)


def test_an_empty_index_and_an_empty_question_find_nothing() -> None:
    assert ask(RetrievalIndex(ENCODER.dim, HASHED), "anything") == []
    assert ask(filled(entries_of(KNOWLEDGE)), "  \n ") == []


def test_many_removals_compact_and_keep_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_COMPACT_FROM", 8)
    entries = [Entry(f"{at}", f"{at}", f"topic {at} question") for at in range(40)]
    index = filled(entries)
    before = index.nbytes
    index.remove([f"{at}" for at in range(20)])
    assert index.nbytes < before
    assert "3" not in index
    assert ask(index, "topic 33 question")[0].answer_id == "33"


@pytest.mark.parametrize("by", ["vector", "words"])
def test_removed_entries_do_not_crowd_out_living_ones(by: str) -> None:
    """One entry is near the question in one way alone, as removed twins were; others in the other way."""
    near, far = np.eye(2, dtype=np.float32)
    like, unlike = (
        ((near, "tray"), (far, "printer jam")) if by == "vector" else ((far, "printer jam"), (near, "tray"))
    )
    index = RetrievalIndex(2, HASHED)
    index.add([Entry(f"twin {at}", "twin", like[1]) for at in range(200)], np.tile(like[0], (200, 1)))
    index.add([Entry(f"other {at}", "other", unlike[1]) for at in range(200)], np.tile(unlike[0], (200, 1)))
    index.add([Entry("target", "target", like[1])], like[0][None])
    index.remove([f"twin {at}" for at in range(200)])
    assert "target" in {match.answer_id for match in index.search("printer jam again", near)}


def test_what_the_first_answer_leaves_is_all_the_others_can_get() -> None:
    eager = Calibration(1, 0, 30)
    scores = [match.score for match in ask(filled(entries_of(KNOWLEDGE), eager), "roles and rules")]
    assert scores[0] == pytest.approx(MOST)
    assert max(scores[1:]) <= 1 - scores[0] + 1e-6


def test_replacing_again_and_again_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_COMPACT_FROM", 8)
    index = filled(entries_of(KNOWLEDGE))
    before = index.nbytes
    for _ in range(100):
        index.add([Entry("new", "new", "zebra crossing")], ENCODER.encode_now(["zebra crossing"]))
    assert index.nbytes < 5 * before
    assert ask(index, "zebra crossing")[0].answer_id == "new"


def test_bm25_is_as_its_formula_says() -> None:
    lexical = LexicalIndex()
    for text in ("red", "red red blue", "green"):  # one segment after the other
        lexical.add([text])
    scores = lexical.scores("red")
    terms, _ = terms_of("red")
    lengths = np.array([terms_of(text)[1].sum() for text in ("red", "red red blue", "green")])
    asked = dict.fromkeys(terms.tolist(), 0)
    expected = np.zeros(3)
    for row, text in enumerate(("red", "red red blue", "green")):
        for own, count in zip(*terms_of(text), strict=True):
            if int(own) in asked:
                idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
                norm = 1.2 * (1 - 0.75 + 0.75 * lengths[row] / lengths.mean())
                expected[row] += idf * count / (count + norm)
    assert scores == pytest.approx(expected, abs=1e-5)
    assert scores[2] == 0


def test_quick_cosines_keep_the_nearest_when_only_main_directions_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.nlp.retrieval.vectors._EXACT_UP_TO", 500)
    random = np.random.default_rng(3)
    centres = random.normal(size=(20, 128))
    vectors = centres[random.integers(20, size=1_200)] + random.normal(0, 0.3, (1_200, 128))
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    store = VectorStore(128)
    for start in range(0, 1_200, 100):
        store.add(unit[start : start + 100])
    for row in range(0, 1_200, 150):
        exact = unit @ unit[row]
        quick = np.argsort(-store.quick_cosines(unit[row]))[:96]
        assert set(np.argsort(-exact)[:10]) <= set(quick)
    assert store.take(np.array([7])) == pytest.approx(unit[[7]], abs=1e-3)


@given(st.integers(1, 40), st.integers(1, 30_000), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_top_by_blocks_is_the_top(count: int, size: int, seed: int) -> None:
    scores = np.random.default_rng(seed).random(size, np.float32)
    rows = index_module._top(scores, count)
    assert sorted(scores[rows]) == sorted(np.sort(scores)[-count:])


def test_search_and_change_at_the_same_time_are_safe() -> None:
    index = filled(entries_of(KNOWLEDGE))
    errors: list[BaseException] = []
    done = threading.Event()

    def searching() -> None:
        try:
            while not done.is_set():
                assert ask(index, "reset my password")[0].answer_id == "reset"
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=searching) for _ in range(2)]
    for thread in threads:
        thread.start()
    for round_ in range(20):
        new = [Entry(f"new-{at}", "new", f"{string.ascii_lowercase[at]} {round_} zebra") for at in range(20)]
        index.add(new, ENCODER.encode_now([entry.text for entry in new]))
        index.remove([entry.id for entry in new[: round_ % 20]])
    done.set()
    for thread in threads:
        thread.join(30)
    assert not errors


def test_a_small_benchmark_finds_nearly_all() -> None:
    figures = benchmark.run(2_000, 64, questions=40)
    assert figures.found > 0.9
    assert figures.array_megabytes > 0


def test_evaluation_counts_what_is_right_given_and_rejected() -> None:
    entries = entries_of(KNOWLEDGE)
    questions = ["reset password", "pick roles", "weather in lisbon"]
    predictions = evaluation.predict(
        entries,
        ENCODER.encode_now([entry.text for entry in entries]),
        [*questions, ""],
        ENCODER.encode_now([*questions, ""]),
        HASHED,
    )
    assert [prediction.best for prediction in predictions[:2]] == ["reset", "roles"]
    assert (predictions[3].best, predictions[3].score) == (None, 0)
    figures = evaluation.measure(
        predictions, ["reset", "roles", None, None], ["in", "in", "far_oos", "far_oos"]
    )
    assert (figures.questions, figures.in_scope, figures.top1, figures.auroc) == (4, 2, 1, 1)
    assert figures.rejected == {"far_oos": 1}


def test_auroc_counts_a_tie_half_and_nothing_as_unknown() -> None:
    assert evaluation.auroc(np.array([1.0, 2.0]), np.array([1.0])) == 0.75
    assert np.isnan(evaluation.auroc(np.array([]), np.array([1.0])))
    assert evaluation.calibration_error(np.array([1.0, 1.0]), np.array([True, False])) == 0.5


def test_the_fit_finds_the_coefficients_that_made_the_outcome() -> None:
    random = np.random.default_rng(5)
    features = np.column_stack([random.random(20_000), random.random(20_000) * 2])
    chance = 1 / (1 + np.exp(-(8 * features[:, 0] - 0.7 * features[:, 1] - 3)))
    fitted = fitting.fit([(features, (random.random(20_000) < chance).astype(float))])
    assert (fitted.support, fitted.phrasings, fitted.bias) == pytest.approx((8, -0.7, -3), abs=0.3)


def test_terms_of_many_texts_are_those_of_each() -> None:
    texts = ["red", "", "red red blue", "!?", "Don't PANIC, c++ 🙂", "blue red", "a " * 300]
    terms, counts, sizes = terms_of_all([read(text).words for text in texts])
    ends = np.cumsum(sizes)
    for text, start, end in zip(texts, ends - sizes, ends, strict=True):
        alone, how_often = terms_of(text)
        assert terms[start:end].tolist() == sorted(alone.tolist()) == sorted(set(alone.tolist()))
        assert counts[start:end].tolist() == how_often.tolist()
    assert sizes.tolist() == [len(terms_of(text)[0]) for text in texts]
    assert counts.max() == 255
    assert len(terms_of("blue red")[0]) == len(terms_of("blue")[0]) + len(terms_of("red")[0]) + 1  # the pair
    assert set(terms_of("blue red")[0]) != set(terms_of("red blue")[0])


def test_an_index_filled_in_portions_is_as_one_filled_at_once() -> None:
    entries, vectors = benchmark._made(3_000, 64, np.random.default_rng(3))
    at_once, bit_by_bit = RetrievalIndex(64, HASHED), RetrievalIndex(64, HASHED)
    at_once.reserve(3_000)
    at_once.add(entries, vectors)
    for start in range(0, 3_000, 700):
        bit_by_bit.add(entries[start : start + 700], vectors[start : start + 700])
    for at in range(0, 3_000, 500):
        text = " ".join(entries[at].text.split()[1:])
        assert at_once.search(text, vectors[at]) == bit_by_bit.search(text, vectors[at])
