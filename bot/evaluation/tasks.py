"""What is measured: each task, the file it reads, whom it asks and which figures come of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.domain.policy import TOXIC as ACTED_ON
from bot.domain.signal import Intent, Purpose, Urgency
from bot.evaluation import judge as ask
from bot.evaluation.data import Dataset, Row, Rows
from bot.evaluation.judge import Judge, Prediction
from bot.evaluation.metrics import (
    Bools,
    Floats,
    accuracy,
    auroc,
    calibration_error,
    class_scores,
    macro_f1,
    paired_bootstrap,
    precision_at_recall,
    recall_at_precision,
)
from bot.evaluation.results import Alarm, Result
from bot.evaluation.speed import measure
from bot.evaluation.summaries import SUMMARIZINGS

SEED: Final = 20_260  # of the bootstrap
RECALLS: Final = (0.66, 0.75, 0.83)
PRECISIONS: Final = (0.83, 0.88)
IN_SCOPE: Final = "in"
_NORMAL: Final[Mapping[str, str]] = {Urgency.LOW: "normal", Urgency.MEDIUM: "normal"}
_HAM: Final[Mapping[str, str]] = {Purpose.SUPPORT: "ham", Purpose.CHATTER: "ham", Purpose.UNKNOWN: "ham"}

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Labelling:
    """A task that gives each text one label.

    Attributes:
        file: where its rows are; gold: the field with the true label; head: what is asked of a judge.
        merged: what a judge's label counts as here, where the file knows fewer.
        by_subset: whether each subset is scored by itself too.
    """

    name: str
    file: str
    gold: str
    head: str
    merged: Mapping[str, str] = field(default_factory=dict)
    by_subset: bool = False

    def run(self, data: Dataset, judges: Sequence[Judge]) -> Iterator[Result]:
        """Yield the results of every judge, and of every subset; nothing without the file."""
        found = data.rows(self.file, self.gold)
        able = [judge for judge in judges if self.head in judge.heads]
        if found is None or not able:
            return
        predictions = {judge.name: self._predict(judge, found.rows) for judge in able}
        everything = np.arange(len(found.rows))
        yield from self._score(self.name, found, everything, predictions)
        everywhere = {row.subset for row in (*found.rows, *found.trained)}
        for subset in sorted(everywhere) if self.by_subset else ():
            chosen = np.array([i for i, row in enumerate(found.rows) if row.subset == subset], dtype=np.intp)
            trained = tuple(row for row in found.trained if row.subset == subset)
            part = Rows(tuple(found.rows[i] for i in chosen), trained)
            yield from self._score(f"{self.name}/{subset}", part, chosen, predictions)

    def _predict(self, judge: Judge, rows: Sequence[Row]) -> Prediction:
        texts = [row.text for row in rows]
        contexts = [row.context for row in rows] if any(row.context for row in rows) else None
        if not texts:
            return Prediction(("",), np.empty((0, 1)))
        return merge(judge.predict(self.head, texts, contexts), self.merged)

    def _score(
        self, name: str, rows: Rows, at: Iterable[int], predictions: Mapping[str, Prediction]
    ) -> Iterator[Result]:
        gold = [row.gold for row in rows.rows]
        index = np.fromiter(at, dtype=np.intp)
        chosen = {mode: np.array(said.chosen, dtype=object)[index] for mode, said in predictions.items()}
        baseline = _baseline(predictions)
        for mode, prediction in predictions.items():
            ours = list(chosen[mode])
            metrics = {"accuracy": accuracy(gold, ours), "macro_f1": macro_f1(gold, ours)}
            metrics |= _probability_metrics(self.head, gold, ours, prediction, index)
            if baseline and mode != baseline and gold:
                over = paired_bootstrap(gold, ours, list(chosen[baseline]), seed=SEED)
                metrics |= {f"over_{baseline}": over.value}
                metrics |= {f"over_{baseline}_low": over.low, f"over_{baseline}_high": over.high}
            yield Result(name, mode, len(gold), rows.left_out, metrics, class_scores(gold, ours))


def merge(prediction: Prediction, merged: Mapping[str, str]) -> Prediction:
    """Return a prediction in which labels count as others: their probabilities are added up."""
    if not merged:
        return prediction
    names = [merged.get(label, label) for label in prediction.labels]
    labels = tuple(dict.fromkeys(names))
    to = np.array([labels.index(name) for name in names], dtype=np.intp)
    probabilities = np.zeros((len(prediction.probabilities), len(labels)))
    for column, target in enumerate(to):
        probabilities[:, target] += prediction.probabilities[:, column]
    # what was chosen stays chosen: two labels that lose one by one may win together
    decided = (
        prediction.decided if prediction.decided is not None else prediction.probabilities.argmax(axis=1)
    )
    return Prediction(labels, probabilities, to[decided])


def _baseline(predictions: Mapping[str, Prediction]) -> str:
    """Return whom the others are compared with: VADER where it can, "" for nobody."""
    return next((name for name in ask.BASELINES if name in predictions), "")


def flagged_scores(prediction: Prediction) -> Floats:
    """Return how likely each text is a help request or problem report, shape (n,)."""
    return np.asarray(1 - prediction.probabilities[:, prediction.labels.index(Intent.OTHER)])


def is_flagged(labels: Sequence[str]) -> Bools:
    """Return which labels are a help request or problem report, shape (n,)."""
    return np.array(
        [label in {Intent.HELP_REQUEST, Intent.PROBLEM_REPORT} for label in labels], dtype=np.bool_
    )


def _probability_metrics(
    head: str, gold: Sequence[str], chosen: Sequence[str], prediction: Prediction, index: Indices
) -> dict[str, float]:
    probabilities = prediction.probabilities[index]
    metrics = {}
    if not np.isin(probabilities, (0.0, 1.0)).all():  # else nothing is said about how sure it is
        top = probabilities.argmax(axis=1)
        right = np.array([prediction.labels[t] == g for t, g in zip(top, gold, strict=True)], dtype=np.bool_)
        metrics["calibration_error"] = calibration_error(probabilities.max(axis=1), right)
    if head != ask.INTENT or not gold:
        return metrics
    positive, said = is_flagged(gold), is_flagged(chosen)
    scores = flagged_scores(prediction)[index]
    hits = float(np.sum(positive & said))
    metrics["flagged_precision"] = hits / max(1, int(said.sum()))
    metrics["flagged_recall"] = hits / max(1, int(positive.sum()))
    for recall in RECALLS:
        metrics[f"flagged_precision_at_recall_{recall}"] = precision_at_recall(positive, scores, recall)
    for precision in PRECISIONS:
        metrics[f"flagged_recall_at_precision_{precision}"] = recall_at_precision(positive, scores, precision)
    metrics["flagged_auroc"] = auroc(positive, scores)
    return metrics


def false_alarms(data: Dataset, judges: Sequence[Judge]) -> Iterator[Result]:
    """Yield the share of the days' messages, taken as clean, that each judge calls toxic."""
    found = data.messages()
    if found is None:
        return
    texts = [row.text for row in found.rows]
    for judge in judges:
        if ask.TOXICITY not in judge.heads:
            continue
        if not texts:
            yield Result("false_alarms", judge.name, 0, found.left_out, {})
            continue
        prediction = judge.predict(ask.TOXICITY, texts)
        chances = prediction.probabilities[:, prediction.labels.index(ask.TOXIC)]
        flags = [label == ask.TOXIC for label in prediction.chosen]
        alarms = [
            Alarm(judge.name, row, float(chance))
            for row, chance, flag in zip(found.rows, chances, flags, strict=True)
            if flag
        ]
        metrics = {
            "flagged_share": len(alarms) / len(texts),
            "acted_on_share": float(np.mean(chances >= ACTED_ON)),
        }
        yield Result("false_alarms", judge.name, len(texts), found.left_out, metrics, alarms=alarms)


def retrieval(name: str, data: Dataset, judges: Sequence[Judge]) -> Iterator[Result]:
    """Yield how well each judge finds the answers of one set, and how well it keeps silent outside of it."""
    found = data.queries(name)
    entries = [(row.gold, row.text) for row in data.knowledge(name)]
    if found is None or not entries:
        return
    inside = np.array([row.subset == IN_SCOPE for row in found.rows], dtype=np.bool_)
    for judge in judges:
        if ask.RETRIEVAL not in judge.heads:
            continue
        if not found.rows:
            yield Result(f"retrieval/{name}", judge.name, 0, found.left_out, {})
            continue
        answers = judge.retrieve(entries, [row.text for row in found.rows])
        right = (
            np.array([a == row.gold for a, row in zip(answers.answer_ids, found.rows, strict=True)]) & inside
        )
        given = answers.scores >= answers.threshold
        metrics = {
            "top_1": float(right[inside].mean()) if inside.any() else float("nan"),
            "out_of_scope_auroc": auroc(inside, answers.scores),
            "answer_precision": float((right & given).sum() / max(1, given.sum())),
            "answer_recall": float((right & given).sum() / max(1, inside.sum())),
        }
        for scope in sorted({row.subset for row in found.rows} - {IN_SCOPE}):
            there = np.array([row.subset == scope for row in found.rows], dtype=np.bool_)
            metrics[f"rejected_{scope}"] = float((~given[there]).mean())
        yield Result(f"retrieval/{name}", judge.name, len(found.rows), found.left_out, metrics)


def speed(which: str, data: Dataset, judges: Sequence[Judge]) -> Iterator[Result]:
    """Yield "throughput" or "memory" of each judge, measured in a process of its own."""
    found = data.messages()
    texts = tuple(row.text for row in found.rows) if found else ()
    for judge in judges:
        if judge.name == ask.BASELINES[0]:  # VADER alone judges no message
            continue
        measured = measure(judge.name, judge.cores, texts)
        metrics = measured.memory if which == "memory" else measured.throughput
        yield Result(which, judge.name, measured.messages, 0, metrics)


Run = Callable[[Dataset, Sequence[Judge]], Iterator[Result]]

LABELLINGS: Final = (
    Labelling("intent", "intent_chat_hand", "intent", ask.INTENT),
    Labelling("intent_derived", "intent_derived", "intent", ask.INTENT),
    Labelling("sentiment", "sentiment", "sentiment", ask.SENTIMENT, by_subset=True),
    Labelling("tweeteval_sentiment", "tweeteval_sentiment", "sentiment", ask.SENTIMENT),
    Labelling("chat_sentiment", "intent_chat_hand", "sentiment", ask.SENTIMENT),
    Labelling("urgency", "intent_chat_hand", "urgency", ask.URGENCY, _NORMAL),
    Labelling("toxicity", "toxicity", "toxicity", ask.TOXICITY),
    Labelling("tweeteval_offensive", "tweeteval_offensive", "toxicity", ask.TOXICITY),
    Labelling("purpose", "spam_purpose", "purpose", ask.PURPOSE),
    Labelling("spam", "spam_purpose", "spam", ask.PURPOSE, _HAM),
    Labelling("phishing_domains", "phishing_domains", "label", ask.DOMAIN),
    Labelling("routing", "routing", "route", ask.ROUTE),
    Labelling("routing_realuser", "routing_realuser", "route", ask.ROUTE),
)


def all_tasks(data: Dataset) -> dict[str, Run]:
    """Return every task by name, in the order of the table; retrieval has one for each set in the folder."""
    tasks: dict[str, Run] = {task.name: task.run for task in LABELLINGS}
    tasks["false_alarms"] = false_alarms
    tasks |= {f"retrieval/{name}": partial(retrieval, name) for name in data.retrieval_sets()}
    tasks |= {task.name: task.run for task in SUMMARIZINGS}
    tasks |= {name: partial(speed, name) for name in ("throughput", "memory")}
    return tasks
