"""What the light language tools cost in microseconds a message, with VADER's own cost beside them.

    python -m benchmarks.nlp [--data FILE] [--json]

FILE holds JSON lines with `text` or with `messages` of those; without it, texts are generated.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.language import detect_language
from bot.nlp.redaction import redact
from bot.nlp.sentiment import chat_score, compound, warm_up
from bot.nlp.words import words_of

_GENERATED: Final = 10_000  # messages
_MEAN_WORDS: Final = 11
_WORDS: Final = sorted(
    words_of(
        "the a i you it is to and of in that for on not with this can have but what my do if just"
        " how so there error server install update file problem works thanks help anyone great bad"
        " please config token again maybe yes channel role bot message link why when where version"
        " python try using run log fail nice weird still now"
    )
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Microseconds a message of the light language tools.")
    parser.add_argument("--data", type=Path, help="JSON lines with `text` or `messages`")
    parser.add_argument("--rounds", type=int, default=5, help="the best of so many counts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    texts = list(_read(arguments.data)) if arguments.data else _generate(_GENERATED)
    if not texts:
        parser.error(f"{arguments.data} holds no texts")
    result = {
        "messages": len(texts),
        "mean_characters": round(sum(map(len, texts)) / len(texts), 1),
        "microseconds": measure(texts, arguments.rounds),
    }
    sys.stdout.write(json.dumps(result) + "\n" if arguments.json else _table(result))


def measure(texts: Sequence[str], rounds: int) -> dict[str, float]:
    """Return processor time in microseconds a message, the best of `rounds`, by function."""
    warm_up()
    judge = EmbeddedClassifier().classify
    library = SentimentIntensityAnalyzer().polarity_scores
    functions: dict[str, Callable[[str], Any]] = {
        "redact": redact,
        "detect_language": detect_language,
        "compound": compound,
        "chat_score": chat_score,
        "classify": lambda text: judge((text,)),
        "VADER's own": library,
    }
    return {
        name: round(min(_time(function, texts) for _ in range(rounds)), 2)
        for name, function in functions.items()
    }


def _time(function: Callable[[str], Any], texts: Sequence[str]) -> float:
    start = time.process_time()
    for text in texts:
        function(text)
    return (time.process_time() - start) / len(texts) * 1e6


def _read(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            for message in row.get("messages", [row]):
                yield message["text"]


def _generate(count: int) -> list[str]:
    generator = random.Random(1)  # noqa: S311  (no secret)
    return [
        " ".join(generator.choices(_WORDS, k=max(1, int(generator.expovariate(1 / _MEAN_WORDS)))))
        + generator.choice(("", "", ".", "?", "!", " :)"))
        for _ in range(count)
    ]


def _table(result: dict[str, Any]) -> str:
    lines = [f"{result['messages']} messages of {result['mean_characters']} characters; microseconds each"]
    lines += [f"  {name:16} {value:8.2f}" for name, value in result["microseconds"].items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
