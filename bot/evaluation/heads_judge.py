"""The bot's own judges behind the protocol: what it would decide, and how sure its heads are."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from bot.domain.signal import Judgement, Purpose
from bot.evaluation import judge as ask
from bot.evaluation.judge import Answers, Contexts, ModeMissing, Prediction
from bot.nlp import features, heads
from bot.nlp.classifier import Chances, EmbeddedClassifier, chances, judged
from bot.nlp.domains import LIKELY, WEIGHTS, phishing_probabilities
from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.nlp.full import full_chances
from bot.nlp.hashed import HashedEncoder
from bot.nlp.heads import Floats
from bot.nlp.minilm import MiniLM
from bot.nlp.minilm_weights import find_weights
from bot.nlp.reading import Reading, read
from bot.nlp.retrieval import DENSE, HASHED, Calibration, Entry
from bot.nlp.retrieval.evaluation import predict
from bot.settings import NlpSettings

_PORTION: Final = 256  # texts judged together
_ABLE: Final = frozenset(
    {ask.INTENT, ask.PURPOSE, ask.SENTIMENT, ask.URGENCY, ask.TOXICITY, ask.ROUTE, ask.DOMAIN, ask.RETRIEVAL}
)


def trained_rows() -> frozenset[int]:
    """Return the keys of all rows that anything in the bot was trained on."""
    with np.load(WEIGHTS, allow_pickle=False) as data:
        return heads.trained_rows() | frozenset(map(int, data["trained_rows"]))


class _HeadsJudge:
    """What both modes share: the heads' probabilities, and the decisions where there are rules over them."""

    def __init__(self, name: str, cores: int | None, calibration: Calibration) -> None:
        self.name = name
        self.heads = _ABLE
        self.trained_rows = trained_rows()
        self.cores = cores
        self._calibration = calibration

    def predict(self, task: str, texts: Sequence[str], contexts: Contexts | None = None) -> Prediction:
        """Return what a head says, and what the bot decides."""
        if task == ask.DOMAIN:
            return _domains(texts)
        if not texts:
            return Prediction(("",), np.empty((0, 1)))
        before = contexts or [()] * len(texts)
        parts = []
        for at in range(0, len(texts), _PORTION):
            there = slice(at, at + _PORTION)
            parts.append(self._predict(task, texts[there], before[there]))
        return _joined(parts)

    def _predict(self, task: str, texts: Sequence[str], contexts: Contexts) -> Prediction:
        readings = [read(text) for text in texts]
        if task == ask.ROUTE:
            route = heads.route_heads(self.name)
            looked_up = route.lookup(features.grams_read(readings))
            shares = route.probabilities(heads.ROUTE, looked_up, self._numbers(readings))
            return Prediction(heads.LABELS[heads.ROUTE], shares.astype(np.float64))
        said = self._chances(readings, contexts)
        return as_decided(task, getattr(said, task), judged(readings, said, heads.light_heads()))

    def retrieve(self, entries: Sequence[tuple[str, str]], queries: Sequence[str]) -> Answers:
        """Return the best entry for each query."""
        stored = [Entry(str(at), answer, text) for at, (answer, text) in enumerate(entries)]
        found = predict(
            stored,
            self._encode([text for _, text in entries]),
            queries,
            self._encode(queries),
            self._calibration,
        )
        best = tuple(each.best or "" for each in found)
        return Answers(best, np.array([each.score for each in found]), self._calibration.threshold)

    def judge(self, texts: Sequence[str]) -> list[Judgement]:
        """Do for a batch of messages all that the bot does for them."""
        return EmbeddedClassifier().classify(texts)

    def _chances(self, readings: Sequence[Reading], contexts: Contexts) -> Chances:
        return chances(heads.light_heads(), readings, features.numbers_of(readings))

    def _numbers(self, readings: Sequence[Reading]) -> Floats:
        return features.numbers_of(readings)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        return HashedEncoder().encode_now(texts)


class LightJudge(_HeadsJudge):
    """What judges every message."""

    def __init__(self) -> None:
        super().__init__("light", 1, HASHED)


class FullJudge(_HeadsJudge):
    """The encoder's heads, asked about every message."""

    def __init__(self) -> None:
        """Load the encoder into this process.

        Raises:
            ModeMissing: it isn't installed; the text says the fix.
        """
        super().__init__("full", None, DENSE)
        settings = NlpSettings()
        try:
            weights = find_weights(settings.model_folder, settings.models_folder, allow_download=False)
            self._model = MiniLM(weights.folder)
        except EncoderUnavailable as error:
            raise ModeMissing(str(error)) from error

    def judge(self, texts: Sequence[str]) -> list[Judgement]:
        """Judge every message again; the bot does so only with what is flagged or uncertain."""
        readings = [read(text) for text in texts]
        said = self._chances(readings, [()] * len(texts))
        return judged(readings, said, heads.light_heads())

    def _chances(self, readings: Sequence[Reading], contexts: Contexts) -> Chances:
        return full_chances(readings, self._features(readings), contexts, [""] * len(readings))

    def _numbers(self, readings: Sequence[Reading]) -> Floats:
        return np.hstack((features.numbers_of(readings), self._features(readings)))

    def _features(self, readings: Sequence[Reading]) -> Vectors:
        return self._model.features_now([reading.text for reading in readings])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        return self._model.encode_now(texts)


def as_decided(task: str, shares: Floats, judgements: Sequence[Judgement]) -> Prediction:
    """Return a head's probabilities beside what the bot decided, which rules may have changed.

    Purpose alone has a label that no head knows: unknown, for what is too short to tell.
    """
    names = heads.LABELS[task]
    probabilities = shares.astype(np.float64)
    if task == ask.PURPOSE:
        names = (*names, Purpose.UNKNOWN)
        probabilities = np.column_stack((probabilities, np.zeros(len(probabilities))))
    if task == ask.TOXICITY:
        toxic = np.array([judgement.toxicity for judgement in judgements])
        return Prediction(names, np.column_stack((1 - toxic, toxic)))
    decided = [names.index(getattr(judgement, task)) for judgement in judgements]
    return Prediction(names, probabilities, np.array(decided, dtype=np.intp))


def _joined(parts: Sequence[Prediction]) -> Prediction:
    decided = [part.decided for part in parts if part.decided is not None]
    return Prediction(
        parts[0].labels,
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate(decided) if decided else None,
    )


def _domains(texts: Sequence[str]) -> Prediction:
    found = phishing_probabilities(texts)
    decided = (found >= LIKELY).astype(np.intp)
    return Prediction((ask.BENIGN, ask.PHISHING), np.column_stack((1 - found, found)), decided)
