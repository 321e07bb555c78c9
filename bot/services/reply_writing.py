"""Has a language model write the reply to a member, with the template for when none answers."""

from collections.abc import Sequence

from loguru import logger

from bot.domain.outgoing import prepare
from bot.domain.signal import Signal
from bot.llm.answers import Answer
from bot.llm.types import Task
from bot.nlp.redaction import redact
from bot.services.refinement import RefinementService
from bot.services.writing import Asked, Writer

LIMIT = 2_000  # characters of a message
LONGEST_NOTE = 300  # characters, as the column has them
TEMPLATE = "template"


class ReplyWriting:
    """Asks the model for replies."""

    def __init__(self, writer: Writer, refinement: RefinementService, seconds: float) -> None:
        """Make it.

        Args:
            writer: asks the model.
            refinement: knows what was said before a message.
            seconds: for a reply.
        """
        self._writer = writer
        self._refinement = refinement
        self._seconds = seconds

    @property
    def is_on(self) -> bool:
        """Whether there is a model to ask."""
        return self._writer.asks(Task.REPLY)

    async def write(
        self, signal: Signal, template: str, known: Sequence[str], server: str
    ) -> tuple[str, str]:
        """Return the reply and who wrote it: "provider/model", or "template" and why no model did.

        Args:
            signal: what is answered.
            template: the reply when no model has one.
            known: trained entries that come near, best first, and what the owner says about the place.
            server: its name; "" where it has none.
        """
        [request] = await self._refinement.requests([signal])
        answers = tuple(each for each in known if each)
        asked = Asked(request.text, request.context, request.author, answers, template, server)
        try:
            text, answer = await self._writer.reply(asked, signal.message.guild_id, self._seconds)
        except Exception as error:  # noqa: BLE001  (whatever it is, the template is there)
            log = logger.bind(signal=signal.id, guild_id=signal.message.guild_id)
            log.opt(exception=error).error("No model could be asked to answer {}", signal.id)
            return template, f"{TEMPLATE}: internal error"
        if answer.is_embedded:
            return template, _why(answer)
        ready = redact(prepare(text))
        if not ready or len(ready) > LIMIT:
            return template, f"{TEMPLATE}: nothing postable by {answer.provider}/{answer.model}"
        return ready, f"{answer.provider}/{answer.model}"[:LONGEST_NOTE]


def _why(answer: Answer) -> str:
    """Return that the template was taken, and why the last model that was asked wrote nothing."""
    if not answer.skipped:
        return TEMPLATE
    provider, model, reason = answer.skipped[-1]
    return f"{TEMPLATE}: {provider}/{model}: {reason}"[:LONGEST_NOTE]
