import json
from pathlib import Path

import pytest

EVAL = Path(__file__).resolve().parents[4] / "shared" / "eval" / "dev"


@pytest.fixture(scope="session")
def day_log_lines() -> list[str]:
    """What people wrote in a few real channels; read where it lies, never copied."""
    path = EVAL / "day_logs.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with path.open(encoding="utf-8") as file:
        return [message["text"] for line in file for message in json.loads(line)["messages"]]


@pytest.fixture(scope="session")
def chat_rows() -> list[dict[str, str]]:
    """The hand-labelled chat messages of the development split."""
    path = EVAL / "intent_chat_hand.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
