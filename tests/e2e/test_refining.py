"""Messages that only make sense after what was said before them."""

from collections.abc import Sequence

import pytest

from bot.domain.signal import Intent, Judgement
from bot.nlp import choice
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.encoder import EncoderUnavailable
from bot.nlp.refining import Request
from sandbox import Sandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, fence
from tests.scripted_refiner import ScriptedRefiner, clear, flag

CALM = {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}
HELP = "how do I install the driver on my machine?"
BEFORE = "since yesterday the game closes itself when a match begins"
ELLIPTIC = "and with me only on tuesdays"  # means something only after BEFORE
QUOTED = "the exam had this question, word for word:"


class Light(EmbeddedClassifier):
    """The light judge, which can't tell what ELLIPTIC is and takes HELP for a request, whatever its cues."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        judged = super().classify(texts)
        return [self._fixed(text, each) for text, each in zip(texts, judged, strict=True)]

    @staticmethod
    def _fixed(text: str, judged: Judgement) -> Judgement:
        if text == ELLIPTIC:
            return judged._replace(intent=Intent.OTHER, confidence=0.6)
        if text == HELP:
            return judged._replace(intent=Intent.HELP_REQUEST, confidence=0.8)
        return judged._replace(intent=Intent.OTHER, confidence=0.95)


def in_context(request: Request) -> Judgement:
    """Judge by the line before: a description makes a request of what follows, a quotation none."""
    before = request.context[-1] if request.context else ""
    if request.text == ELLIPTIC:
        return flag(request, Intent.PROBLEM_REPORT) if BEFORE in before else clear(request)
    return clear(request) if QUOTED in before else flag(request)


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "EmbeddedClassifier", Light)


@pytest.fixture
def refiner() -> ScriptedRefiner:
    return ScriptedRefiner(in_context)


async def test_what_makes_sense_after_the_line_before_is_answered(
    discord: Sandbox, home: Home, running_bot: BotFactory, refiner: ScriptedRefiner
) -> None:
    async with running_bot(discord, refiner=refiner, orchestrator=CALM) as bot:
        alone = await home.alice.say(ELLIPTIC, home.chat)
        await home.bob.say(BEFORE, home.help)
        asked = await home.alice.say(ELLIPTIC, home.help)
        await discord.wait_for_reply(to=asked)
        story = await bot.story(asked)
        assert (story["observer"]["intent"], story["observer"]["judge"]) == ("problem_report", "encoder")
        assert story["observer"]["light"] == {"intent": "other", "confidence": 0.6}
        assert (await bot.story(alone))["orchestrator"]["status"] == "skipped"
        assert home.replies(alone) == []
        assert len(home.replies(asked)) == 1
    contexts = {request.context for request in refiner.asked if request.text == ELLIPTIC}
    assert contexts == {(), (f"{home.bob.name}: {BEFORE}",)}


async def test_what_only_quotes_a_question_is_not_answered(
    discord: Sandbox, home: Home, running_bot: BotFactory, refiner: ScriptedRefiner
) -> None:
    async with running_bot(discord, refiner=refiner, orchestrator=CALM) as bot:
        await home.alice.say(QUOTED, home.help)
        quoted = await home.alice.say(HELP, home.help)
        asked = await home.bob.say(HELP, home.chat)
        await discord.wait_for_reply(to=asked)
        story = await bot.story(quoted)
        assert story["orchestrator"] == {
            "status": "skipped", "plan": "noop", "reason": "nothing asked", "action_ids": [],
        }  # fmt: skip
        assert story["observer"]["rationale"] == "only quotes what was asked"
        assert story["observer"]["light"] == {"intent": "help_request", "confidence": 0.8}
        assert home.posts(home.help) == []


async def test_a_threads_title_and_its_first_message_are_context(
    discord: Sandbox, home: Home, running_bot: BotFactory, refiner: ScriptedRefiner
) -> None:
    async with running_bot(discord, refiner=refiner, orchestrator=CALM) as bot:
        await fence(home, bot)
        thread = await home.bob.start_thread(await home.bob.say(BEFORE, home.help), "closes itself")
        asked = await home.alice.say(ELLIPTIC, thread)
        await discord.wait_for_reply(to=asked)
        assert refiner.asked[-1].context == ("closes itself", f"{home.bob.name}: {BEFORE}")


async def test_without_the_encoder_the_light_judgement_stands(
    discord: Sandbox, home: Home, running_bot: BotFactory, refiner: ScriptedRefiner
) -> None:
    refiner.error = EncoderUnavailable("not enough memory")
    async with running_bot(discord, refiner=refiner, orchestrator=CALM) as bot:
        await home.bob.say(BEFORE, home.help)
        uncertain = await home.alice.say(ELLIPTIC, home.help)
        asked = await home.bob.say(HELP, home.chat)
        await discord.wait_for_reply(to=asked)
        story = await bot.story(uncertain)
        assert (story["observer"]["intent"], story["observer"]["judge"]) == ("other", "light")
        assert story["orchestrator"]["status"] == "skipped"
        assert "refined_total" in (await bot.get("/metrics"))[1]
        assert len(bot.log.said("not enough memory")) == 1


async def test_the_judge_is_warmed_up_before_anybody_asks(
    discord: Sandbox, home: Home, running_bot: BotFactory, refiner: ScriptedRefiner
) -> None:
    async with running_bot(discord, refiner=refiner) as bot:
        await bot.until("the judge to be warm", lambda: refiner.batches == [1])
        assert bot.log.said("The encoder is ready")
        assert bot.log.said("Judging: the light judge, and the encoder's where that is unsure")


async def test_a_stop_does_not_wait_for_a_judge_that_hangs(
    discord: Sandbox, home: Home, running_bot: BotFactory, refiner: ScriptedRefiner
) -> None:
    refiner.held.clear()  # until the end
    shutdown = {"drain_seconds": 0.2}
    async with running_bot(discord, refiner=refiner, orchestrator=CALM, shutdown=shutdown) as bot:
        asked = await home.alice.say(HELP, home.help)
        await bot.until("it to be with the judge", lambda: HELP in [each.text for each in refiner.asked])
        assert await bot.stop() == 0
        assert bot.rows("select stage from signals where message_id = ?", asked.id) == [("observe",)]
        folder = bot.folder
    refiner.held.set()
    async with running_bot(discord, refiner=refiner, orchestrator=CALM, folder=folder):
        await discord.wait_for_reply(to=asked)
    assert len(home.replies(asked)) == 1
