"""A second judge that says what a test wants, and remembers what it was asked."""

import asyncio
from collections.abc import Callable, Sequence

from bot.domain.signal import Intent, Judgement
from bot.nlp.refining import Request

Answer = Callable[[Request], Judgement]


def flag(request: Request, intent: Intent = Intent.HELP_REQUEST, confidence: float = 0.93) -> Judgement:
    """Judge that it asks for something."""
    return request.light._replace(intent=intent, confidence=confidence, rationale="asks, after what was said")


def clear(request: Request) -> Judgement:
    """Judge that nothing is asked."""
    return request.light._replace(
        intent=Intent.OTHER, confidence=0.97, rationale="only quotes what was asked"
    )


class ScriptedRefiner:
    """Answers each request with `answer`; raises `error` while there is one, waits while `held` isn't set."""

    def __init__(self, answer: Answer = flag) -> None:
        self.answer = answer
        self.error: Exception | None = None
        self.held = asyncio.Event()
        self.held.set()
        self.asked: list[Request] = []
        self.batches: list[int] = []  # requests in each call

    async def refine(self, requests: Sequence[Request]) -> list[Judgement]:
        self.asked += requests
        self.batches.append(len(requests))
        await self.held.wait()
        if self.error is not None:
            raise self.error
        return [self.answer(request) for request in requests]
