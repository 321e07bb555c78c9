"""What hosted providers may take in a day: reserved before a call, settled after it.

A call's upper bound is held from before it is asked until what it took is known, so any number of calls at
the same time stay under the ceiling. What the day took already is read from the log of calls once, before the
first call.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

from loguru import logger

from bot.llm.errors import CeilingReached
from bot.llm.notices import Notices
from bot.llm.ports import CallLog, CeilingNotice, ChainPorts, Price, Spend
from bot.llm.types import Prompt
from bot.llm.waiting import Kept
from bot.settings_llm import LlmCeilings

TOKENS_PER_MESSAGE = 16  # roles and separators
TOKENS_PER_IMAGE = 5_000
TOKENS_FOR_TOOLS = 1_000  # what providers add to say how tools, or a schema, are answered
MILLION = 1_000_000
DEAREST = Price(30.0, 180.0)  # of what has no price: a ceiling must not fail open
_ROUNDING = 1e-9  # US dollars


def input_bound(prompt: Prompt) -> int:
    """Return more tokens than `prompt` can have: no tokenizer makes two of one byte."""
    total = 0
    for message in prompt.messages:
        total += TOKENS_PER_MESSAGE + len(message.text.encode()) + TOKENS_PER_IMAGE * len(message.images)
        for call in message.tool_calls:
            total += TOKENS_PER_MESSAGE + len(call.name) + len(json.dumps(call.arguments, default=str))
    for tool in prompt.tools:
        total += (
            len(tool.name) + len(tool.description.encode()) + len(json.dumps(tool.parameters, default=str))
        )
    if prompt.schema is not None:
        total += len(json.dumps(prompt.schema, default=str))
    return total + (TOKENS_FOR_TOOLS if prompt.tools or prompt.schema is not None else 0)


@dataclass(slots=True)
class _Account:
    """What one guild, or all, took in a day, and what is held for calls under way."""

    tokens: int = 0
    cost: float = 0.0
    held_tokens: int = 0
    held_cost: float = 0.0

    def hold(self, tokens: int, cost: float) -> None:
        self.held_tokens += tokens
        self.held_cost += cost

    def settle(self, bill: "Bill") -> None:
        self.held_tokens -= bill.held_tokens
        self.held_cost -= bill.held_cost
        self.tokens += bill.tokens
        self.cost += bill.cost


class Bill:
    """What one call may take, until it is settled what it took; counts in full until then.

    Attributes:
        at: when it was opened, which decides its day.
    """

    def __init__(
        self, accounts: tuple[_Account, ...], price: Price, at: datetime, bounds: tuple[int, int]
    ) -> None:
        self._accounts = accounts
        self._price = price
        self._is_open = True
        self.at = at
        self.held_tokens = self.tokens = sum(bounds)
        self.held_cost = self.cost = self._worth(*bounds)
        for account in accounts:
            account.hold(self.held_tokens, self.held_cost)

    def settle(self, input_tokens: int, output_tokens: int, cost: float = 0.0) -> None:
        """Say what the call took; a cost of 0 is worked out from the price. Again is without effect."""
        if self._is_open:
            self.tokens = max(0, input_tokens) + max(0, output_tokens)
            self.cost = cost if cost > 0 else self._worth(input_tokens, output_tokens)
            self.close()

    def close(self) -> None:
        """Settle at the bound what nobody knows better: it may have been served."""
        if self._is_open:
            self._is_open = False
            for account in self._accounts:
                account.settle(self)

    def _worth(self, input_tokens: int, output_tokens: int) -> float:
        return (
            max(0, input_tokens) * self._price.input + max(0, output_tokens) * self._price.output
        ) / MILLION


class Ceilings:
    """Tokens and money of hosted providers, per guild and in total, for each UTC day."""

    def __init__(self, settings: LlmCeilings, ports: ChainPorts, kept: Kept) -> None:
        self._settings = settings
        self._ports = ports
        self._kept = kept
        self._day = date.min
        self._guilds: dict[int | None, _Account] = {}
        self._total = _Account()
        self._loading: asyncio.Task[None] | None = None
        self._notices = Notices(ports, kept)

    async def load(self, seconds: float) -> None:
        """Make sure that what today took already is known, within `seconds`.

        Raises:
            CeilingReached: it can't be read.
        """
        if self._loading is None:
            self._loading = self._kept.spawn(self._load(), "llm spend")
        loading = self._loading
        if not await self._kept.ends_within(seconds, loading):
            raise CeilingReached("today's spend is still being read from the database")
        if loading.cancelled() or loading.exception() is not None:
            if self._loading is loading:
                self._loading = None  # the next call tries again
                logger.warning("Today's spend for language models can't be read: {}", _reason(loading))
            raise CeilingReached("today's spend can't be read from the database: see the log")

    def open(self, guild_id: int | None, price: Price | None, prompt: Prompt, output_bound: int) -> Bill:
        """Return a bill for one call; `load` was called before.

        Args:
            guild_id: whose call it is.
            price: of the model.
            prompt: that is asked.
            output_bound: the most tokens of answer and thinking.

        Raises:
            CeilingReached: it might pass a ceiling, or could not be written down.
        """
        self._turn_the_page()
        log: CallLog = self._ports.log
        if not log.has_room:
            raise CeilingReached("what is spent can't be written down: see whether the database answers")
        price = price or DEAREST
        bounds = (input_bound(prompt), output_bound)
        tokens, cost = sum(bounds), (bounds[0] * price.input + bounds[1] * price.output) / MILLION
        guild = self._guilds.setdefault(guild_id, _Account())
        settings = self._settings
        self._check(
            guild, settings.tokens_per_day_guild, settings.usd_per_day_guild, (tokens, cost), guild_id
        )
        self._check(self._total, settings.tokens_per_day, settings.usd_per_day, (tokens, cost))
        return Bill((guild, self._total), price, self._ports.clock.now(), bounds)

    def spent(self) -> tuple[Spend, dict[int | None, Spend]]:
        """Return what today took as far as it is settled: in total, and by guild."""
        self._turn_the_page()
        guilds = {guild_id: Spend(each.tokens, each.cost) for guild_id, each in self._guilds.items()}
        return Spend(self._total.tokens, self._total.cost), guilds

    def untold(self, guild_id: int | None) -> tuple[str, ...]:
        """Return what owners should know today of a guild's ceiling and the total's, and were not told."""
        return self._notices.untold(guild_id)

    async def _load(self) -> None:
        day = self._today()
        found = await self._ports.log.spend(day)
        self._day = day
        self._guilds = {guild_id: _Account(spend.tokens, spend.cost) for guild_id, spend in found.items()}
        self._total = _Account(
            sum(spend.tokens for spend in found.values()), sum(spend.cost for spend in found.values())
        )

    def _check(
        self,
        account: _Account,
        max_tokens: int | None,
        max_cost: float | None,
        asked: tuple[int, float],
        guild_id: int | None = None,
    ) -> None:
        tokens, cost = account.tokens + asked[0], account.cost + asked[1]
        is_total = account is self._total
        whose = "for all servers together" if is_total else "for this server"
        suffix = "" if is_total else "_guild"
        if max_tokens is not None and tokens + account.held_tokens > max_tokens:
            text = (
                f"the day's {max_tokens:,} tokens {whose} are used up, or too few are left for this call "
                f"(llm.ceilings.tokens_per_day{suffix})"
            )
            is_reached = tokens > max_tokens
        elif max_cost is not None and cost + account.held_cost > max_cost + _ROUNDING:
            text = (
                f"the day's {max_cost:.2f} US dollars {whose} are spent, or too few are left for this call "
                f"(llm.ceilings.usd_per_day{suffix})"
            )
            is_reached = cost > max_cost + _ROUNDING
        else:
            return
        if is_reached:  # and not only until calls under way have ended
            until = "until midnight UTC I go on without hosted models where it would be passed"
            self._notices.tell(CeilingNotice(guild_id, is_total, self._day, f"{text}; {until}"))
        raise CeilingReached(text)

    def _turn_the_page(self) -> None:
        today = self._today()
        if today > self._day:  # never back, as a clock that is set may go
            self._day, self._guilds, self._total = today, {}, _Account()

    def _today(self) -> date:
        return self._ports.clock.now().astimezone(UTC).date()


def _reason(task: "asyncio.Task[None]") -> str:
    return "stopped" if task.cancelled() else repr(task.exception())
