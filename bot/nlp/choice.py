"""Which encoder this installation works with."""

import importlib.util
import os
from typing import NamedTuple

from bot.abilities import LIGHT
from bot.nlp.batching import BatchingEncoder, Limits
from bot.nlp.classifier import EmbeddedClassifier, NanoClassifier
from bot.nlp.encoder import Encoder, EncoderUnavailable
from bot.nlp.hashed import HashedEncoder
from bot.nlp.minilm_weights import Weights, find_weights
from bot.nlp.refining import Doubting, Refiner, find_refiner
from bot.nlp.worker_process import WorkerProcess
from bot.settings import NlpSettings


class EncoderChoice(NamedTuple):
    """An encoder (None: switched off) and the words for the log on why it is this one."""

    encoder: Encoder | None
    reason: str
    degraded: bool = False  # not what was asked for: worth a warning


class Judges(NamedTuple):
    """Who judges messages, and the words for the log and `doctor` on why it is them."""

    light: NanoClassifier  # every message
    refiner: Refiner | None  # what the light one flags or leaves open
    reason: str
    encoder: Encoder | None = None  # the same that the second judge reads


def choose_encoder(nlp: NlpSettings) -> EncoderChoice:
    """Return the encoder the settings ask for, or the hashed one where the model can't be had.

    Reads the weights to check them, so call it in a thread: a tenth of a second, more from a slow disk.
    Nothing is imported or started until the first text.
    """
    if nlp.encoder == "off":
        return EncoderChoice(None, "no encoder: nlp.encoder is off")
    if nlp.encoder == "hashed":
        return EncoderChoice(HashedEncoder(), "hashed n-grams: nlp.encoder is hashed")
    try:
        weights = find_minilm(nlp)
    except EncoderUnavailable as error:
        # Whoever started with --light knows; whoever named the model, or has a damaged one, does not.
        degraded = nlp.encoder == "minilm" or not _is_light()
        return EncoderChoice(HashedEncoder(), f"hashed n-grams: {error}", degraded)
    backend = WorkerProcess(weights, nlp.threads)
    place = f"to be fetched into {weights.folder}" if weights.download else f"from {weights.folder}"
    return EncoderChoice(BatchingEncoder(backend, weights.name, limits_of(nlp)), f"{weights.name} {place}")


def choose_judges(
    choice: EncoderChoice,
    refiner: Refiner | None = None,
    *,
    has_llm: bool = False,
    llm_judges_all: bool = False,
) -> Judges:
    """Return the light judge and, where there is one for this encoder, the second.

    Args:
        choice: the encoder there is.
        refiner: the second judge; None for the one that knows this encoder's vectors, if any.
        has_llm: whether a language model judges what is uncertain, with or without a second judge.
        llm_judges_all: whether it judges all the rest too.
    """
    light = EmbeddedClassifier()
    refiner = refiner or find_refiner(choice.encoder)
    if has_llm and llm_judges_all:
        reason = f"a language model, and the bot's own judges where it doesn't answer ({choice.reason})"
        return Judges(Doubting(light, of_all=True), refiner, reason)
    if refiner is None and has_llm:
        return Judges(
            Doubting(light),
            None,
            f"the light judge, and a language model where it is unsure ({choice.reason})",
            choice.encoder,
        )
    if refiner is None:
        return Judges(light, None, f"the light judge alone ({choice.reason})", choice.encoder)
    return Judges(
        Doubting(light),
        refiner,
        f"the light judge, and the encoder's where that is unsure ({choice.reason})",
        choice.encoder,
    )


def find_minilm(nlp: NlpSettings) -> Weights:
    """Return where the neural encoder's model is.

    Raises:
        EncoderUnavailable: it can't be used here; the text says the fix.
    """
    if nlp.encoder == "auto" and _is_light():
        raise EncoderUnavailable("started with --light")
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            raise EncoderUnavailable(f"{package} is not installed: python run.py setup")
    return find_weights(nlp.model_folder, nlp.models_folder, allow_download=nlp.allow_download)


def limits_of(nlp: NlpSettings) -> Limits:
    """Return the sizes and times of the queue in front of the model."""
    return Limits(
        batch_size=nlp.batch_size,
        gather=nlp.gather_ms / 1_000,
        queue_size=nlp.queue_size,
        cache_size=nlp.cache_size,
        deadline=nlp.deadline_seconds,
        idle=nlp.idle_minutes * 60 or None,
    )


def _is_light() -> bool:
    return os.environ.get(LIGHT, "") not in {"", "0"}
