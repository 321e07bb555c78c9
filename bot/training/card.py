"""The model card: what the heads were trained on, what cross-validation found, what to be careful about."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.training.heads import Trained
from bot.training.recipes import RECIPES
from bot.training.rows import DAY_LOGS, HELD_OUT_DAYS, Sample

_INTRO = """\
# Model card: the heads of Lookout

Linear heads (multinomial logistic regression) that judge chat messages. `light.npz` reads hashed
n-grams and {numbers} numbers (cues, VADER, patterns); `full.npz` also vectors of all-MiniLM-L6-v2 and,
for the intent, the three lines before. Made on {date} by `python run.py train-heads`, which
overwrites this page.

Use: telling which message in an English help or community channel asks for help or reports a problem,
what it is for, how its writer feels, how urgent and how toxic it is, and which kind of model a prompt
wants. Not for judging people. Other languages are out of its reach; the bot halves its confidence there.
"""
_HELD_OUT = """\
## Held out

Never trained on: the hand-labelled chat, four whole days ({days}), a tenth of
every other file (by the CRC of a row's id), and files that their owners allow for evaluation only.
`trained_rows.npy` holds the keys of the rows that were trained on, never the rows;
`python run.py evaluate` leaves those out, and their texts wherever else they stand: some lines of the
hand-labelled chat are from days that were trained on.
"""
_FIGURES = """\
## Cross-validation

Five folds over the rows of the head's own source; a day's lines are never on both sides, the other
sources only help. Temperature is what the logits are divided by. The figures to trust are those of
`evaluate` on what was held out.

| head | mode | n | accuracy | macro-F1 | calibration error | C | temperature |
|---|---|---|---|---|---|---|---|
"""
_CAVEATS = """\
## To be careful about

- The days were labelled for this project by reading them, the corpus was written for it; both carry its
  view of what asks for help.
- The light heads' opinion of the lines before a message is one of the full head's inputs; in
  cross-validation it comes from heads that had not seen that day, but had seen the corpus.
- Few training rows are urgent: the head for it only adds to the words that say so.
- The toxicity data are tweets, test cases and posts of social networks, and hold their labellers' biases.
  What the bot does on toxicity is to call staff, and to be silent; it punishes nobody.
"""


def card(samples: Sequence[Sample], trained: Mapping[str, Trained], date: str) -> str:
    """Return the page; `date` is ISO 8601."""
    from bot.nlp.features import SIZE

    days = ", ".join(sorted(day.removeprefix("day-").rpartition("-")[0] for day in HELD_OUT_DAYS))
    return (
        "\n".join(
            [
                _INTRO.format(numbers=SIZE, date=date),
                _sources(samples),
                _HELD_OUT.format(days=days),
                _FIGURES + _figures(trained),
                "",
                _CAVEATS,
            ]
        ).rstrip("\n")
        + "\n"
    )


def _sources(samples: Sequence[Sample]) -> str:
    lines = ["## Trained on", "", "| source | rows | licence | heads |", "|---|---|---|---|"]
    counts = Counter(sample.source for sample in samples)
    for source in sorted(counts):
        rows = [sample for sample in samples if sample.source == source]
        licences = ", ".join(sorted({sample.licence.partition(" (")[0] for sample in rows if sample.licence}))
        used = [
            recipe.head
            for recipe in RECIPES
            if any(getattr(sample, recipe.head) and recipe.weigh(sample) for sample in rows)
        ]
        lines.append(f"| {source} | {counts[source]} | {licences or 'this project'} | {', '.join(used)} |")
    days = len({sample.group for sample in samples if sample.source == DAY_LOGS})
    return "\n".join(
        [*lines, "", f"{DAY_LOGS} are {days} days of channels, with labels made for this project.", ""]
    )


def _figures(trained: Mapping[str, Trained]) -> str:
    settings = {recipe.head: {"light": recipe.light, "full": recipe.full} for recipe in RECIPES}
    return "\n".join(
        f"| {each.head} | {mode} | {each.n} | {each.accuracy:.3f} | {each.macro_f1:.3f} |"
        f" {each.calibration_error:.3f} | {settings[each.head][mode]:g} | {each.temperature:.2f} |"
        for mode, one in trained.items()
        for each in one.figures
    )
