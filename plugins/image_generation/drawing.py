"""`/generate-image`: checked, improved, drawn, checked again, kept."""

from typing import Final
from uuid import uuid4

from pydantic import BaseModel, Field

from bot.plugin_api import Call, LimitError, Material, PluginContext, UserFacingError
from plugins.image_generation.keeping import Gallery, Kept, Purse
from plugins.image_generation.safety import Verdict, judge
from plugins.image_generation.service import Drawn, Owners, Service, ServiceError
from plugins.image_generation.showing import Showing

TURN, TIMES, HOUR = "draw", 5, 3_600.0
MAX_PROMPT, MAX_DRAWN = 1_000, 1_500  # characters
MAX_TOXICITY: Final = 0.9
INSTRUCTIONS: Final = (
    "A member describes a picture they want. Rewrite the description for an image model, in English and in at"
    " most 80 words: keep every subject, number, colour and word that is to be seen; add only composition,"
    " light and style where none is given. Never add people, names, brands, nudity or violence. Answer with"
    " the description alone."
)


class Config(BaseModel):
    """What a server's managers set with /plugins config."""

    channels: list[int] = Field([], description="Where pictures may be drawn; everywhere while it is empty")
    mature: bool = Field(False, description="Nudity and gore, in age-restricted channels alone")
    improve: bool = Field(True, description="Have the language model improve prompts, where there is one")
    daily_usd: float = Field(1.0, ge=0, le=1_000, description="US dollars a day; the owner may allow less")
    keep_days: int = Field(30, ge=1, le=365, description="How long members' pictures are kept")


class Drawing:
    """Handles the command that draws."""

    def __init__(self, ctx: PluginContext, owners: Owners, gallery: Gallery, showing: Showing) -> None:
        self._ctx = ctx
        self._owners = owners
        self._gallery = gallery
        self._showing = showing
        self._service = Service(ctx, owners)
        self._purse = Purse(ctx, owners.daily_usd_total)

    async def generate(self, call: Call) -> None:
        """Draw what a member describes, for them alone to see."""
        prompt, config = " ".join(call.text("prompt").split()), self._ctx.config(Config, call.guild_id)
        if config.channels and call.channel_id not in config.channels:
            listed = ", ".join(f"<#{each}>" for each in config.channels[:10])
            raise UserFacingError(self._ctx.text("elsewhere", channels=listed))
        if not self._ctx.secret("key"):
            raise UserFacingError(self._ctx.text("no_key"))
        if not prompt or len(prompt) > MAX_PROMPT:
            raise UserFacingError(self._ctx.text("what", most=MAX_PROMPT))
        may_mature = config.mature and call.is_age_restricted
        verdict = await self._check(prompt, may_mature=may_mature)
        await call.defer()
        wait = await self._ctx.store.take_turn(
            call.guild_id, TURN, user_id=call.user_id, times=TIMES, seconds=HOUR
        )
        if wait:
            at = int(self._ctx.now().timestamp() + wait)
            raise UserFacingError(self._ctx.text("too_often", times=TIMES, when=f"<t:{at}:R>"))
        ceiling = min(config.daily_usd, self._owners.daily_usd)
        try:
            day = await self._purse.take(call.guild_id, self._owners.price, ceiling)
        except UserFacingError:
            await self._give_back(call)
            raise
        drawn_prompt = prompt
        if config.improve:
            await call.revise(self._ctx.text("improving"))
            drawn_prompt = await self._improved(call.guild_id, prompt, may_mature=may_mature)
        await call.revise(self._ctx.text("drawing"))
        drawn = await self._draw(call, day, drawn_prompt)
        kept = Kept(
            id=f"{int(self._ctx.now().timestamp() * 1_000):013d}{uuid4().hex[:8]}",
            at=self._ctx.now(),
            prompt=prompt,
            drawn=drawn_prompt if drawn_prompt != prompt else "",
            is_mature=verdict is Verdict.MATURE,
        )
        try:
            await self._gallery.add(call.guild_id, call.user_id, kept, drawn.picture)
        except LimitError as error:
            self._ctx.log.warning(f"a picture can't be kept: {error}")
            file = self._showing.file(kept, drawn.picture.data, f"picture.{drawn.picture.ending}")
            await call.revise(self._ctx.text("not_kept"), files=[file])
            return
        await self._showing.show_new(call, kept, drawn.picture.data)

    async def spending(self, call: Call) -> None:
        """Show what the server spent today."""
        spent = await self._purse.today(call.guild_id)
        ceiling = min(self._ctx.config(Config, call.guild_id).daily_usd, self._owners.daily_usd)
        told = {"usd": f"{spent['usd']:.2f}", "pictures": spent["pictures"], "ceiling": f"{ceiling:.2f}"}
        await call.reply(self._ctx.text("spending", **told))

    async def _draw(self, call: Call, day: str, prompt: str) -> Drawn:
        """Return what was drawn; otherwise the turn is given back, and the money, unless it may be gone.

        Raises:
            UserFacingError: nothing that can be shown.
        """
        taken = self._owners.price
        try:
            drawn = await self._service.draw(prompt)
        except ServiceError as error:
            cost = taken if error.may_cost else 0.0
            await self._purse.settle(call.guild_id, day, taken, cost, drawn=False)
            await self._give_back(call)
            self._ctx.log.warning(f"nothing was drawn: {error}")
            told = self._ctx.text(error.key, **error.values)
            raise UserFacingError(f"{told} {self._ctx.text('turn_back')}") from error
        cost = taken if drawn.cost is None else drawn.cost
        await self._purse.settle(call.guild_id, day, taken, cost, drawn=True)
        return drawn

    async def _improved(self, guild_id: int, prompt: str, *, may_mature: bool) -> str:
        """Return a better prompt, the member's own where there is none or it may not be drawn."""
        made = await self._ctx.llm.complete(guild_id, INSTRUCTIONS, [Material(prompt)], max_tokens=300)
        better = " ".join((made or "").split()).strip('"')[:MAX_DRAWN]
        if not better or judge(better) not in {None, judge(prompt)}:
            return prompt
        return better if may_mature or judge(better) is None else prompt

    async def _check(self, prompt: str, *, may_mature: bool) -> Verdict | None:
        """Return what is to be said of a prompt that may be drawn.

        Raises:
            UserFacingError: it may not.
        """
        verdict = judge(prompt)
        if verdict is Verdict.MATURE and may_mature:
            return verdict
        if verdict is not None:
            raise UserFacingError(self._ctx.text(f"refused_{verdict}"))
        if await self._ctx.texts.toxicity(prompt) >= MAX_TOXICITY:
            raise UserFacingError(self._ctx.text("refused_attack"))
        return None

    async def _give_back(self, call: Call) -> None:
        await self._ctx.store.give_back_turn(call.guild_id, TURN, user_id=call.user_id)
