"""What a member asks for, drafted: by a language model where there is one, else from their own words."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from bot.plugin_api import Call, File, FormField, Material, PluginContext, UserFacingError
from plugins.feature_requests.wording import without_ids

TITLE, DESCRIPTION, STORY, CRITERIA = 100, 1_500, 400, 1_000  # characters
MAX_CRITERIA, CRITERION = 8, 200
_BULLET: Final = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s|\n")
INSTRUCTIONS: Final = (
    "A member of a chat server asks for a feature of a piece of software. Write the request down for its"
    " developers, from the member's words alone: add no feature, number, name or reason that isn't there."
    " Fill in a title of at most ten words; a description of what should be possible and why; a user story"
    " of the form 'As a ..., I want ..., so that ...', leaving out what isn't said; and up to five acceptance"
    " criteria that can be checked, none where the words give none. Write plainly, in the member's language."
)


class Draft(BaseModel):
    """A request as it may be sent."""

    title: str = Field(min_length=3, max_length=TITLE)
    description: str = Field(min_length=3, max_length=DESCRIPTION)
    user_story: str = Field("", max_length=STORY)
    acceptance_criteria: list[str] = Field([], max_length=MAX_CRITERIA)

    @property
    def criteria(self) -> str:
        """The acceptance criteria, one a line."""
        return "\n".join(self.acceptance_criteria)

    @property
    def words(self) -> str:
        """What it is compared by."""
        return f"{self.title}. {self.description}"


class Drafting:
    """Makes drafts."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    async def by_model(self, guild_id: int, written: Mapping[str, str]) -> Draft | None:
        """Return a draft that a model makes of what was written, None where there is none to use."""
        told = "\n".join(f"{name}: {self._public(each)}" for name, each in written.items() if each.strip())
        made = await self._ctx.llm.fill(guild_id, Draft, INSTRUCTIONS, [Material(told)])
        if made is None:
            return None
        try:
            return self.checked(made.title, made.description, made.user_story, made.criteria)
        except UserFacingError:  # nothing but spaces, say: that is not the member's fault
            return None

    def of_message(self, content: str) -> dict[str, str]:
        """Return a message as if it had been written into the form.

        Raises:
            UserFacingError: there is nothing in it.
        """
        text = content.strip()
        if not text:
            raise UserFacingError(self._ctx.text("nothing_written"))
        return {"title": _SENTENCE.split(text, maxsplit=1)[0][:TITLE], "want": text[:DESCRIPTION]}

    def checked(self, title: str, description: str, story: str, criteria: str) -> Draft:
        """Return a draft of these parts.

        Raises:
            UserFacingError: one is missing or too long; the text says which.
        """
        title, description, story, criteria = map(self._public, (title, description, story, criteria))
        lines = [_BULLET.sub("", line).strip()[:CRITERION] for line in criteria.splitlines()]
        try:
            return Draft(
                title=" ".join(title.split()),
                description=description.strip(),
                user_story=story.strip(),
                acceptance_criteria=[line for line in lines if line],
            )
        except ValidationError as error:
            part = str(error.errors()[0]["loc"][0])
            raise UserFacingError(self._ctx.text(f"wrong_{part}")) from None

    def by_rules(self, written: Mapping[str, str]) -> Draft:
        """Return the member's own words, put in order; nothing is added but what the form asked for.

        Raises:
            UserFacingError: a part is missing or too long.
        """
        title, who, why = (written.get(name, "").strip() for name in ("title", "who", "why"))
        description = "\n\n".join(part for part in (written.get("want", "").strip(), why) if part)
        story = ""
        if who or why:
            story = self._ctx.text("story", who=who or self._ctx.text("somebody"), want=title)
            story += self._ctx.text("story_why", why=why) if why else ""
        return self.checked(title, description[:DESCRIPTION], story[:STORY], written.get("done", ""))

    def _public(self, text: str) -> str:
        return without_ids(text.strip(), self._ctx.text("named_somebody"), self._ctx.text("named_somewhere"))


def request_fields(ctx: PluginContext) -> tuple[FormField, ...]:
    """Return what `/request-feature` asks."""
    return (
        FormField("title", ctx.text("ask_title"), max_length=TITLE, placeholder=ctx.text("ask_title_hint")),
        FormField("want", ctx.text("ask_want"), long=True),
        FormField("who", ctx.text("ask_who"), required=False, max_length=80),
        FormField("why", ctx.text("ask_why"), long=True, required=False, max_length=400),
        FormField(
            "done", ctx.text("ask_done"), long=True, required=False, placeholder=ctx.text("one_a_line")
        ),
    )


def edit_fields(ctx: PluginContext, draft: Draft) -> tuple[FormField, ...]:
    """Return what is asked when a draft is changed, with what is there."""
    return (
        FormField("title", ctx.text("title"), text=draft.title, max_length=TITLE),
        FormField(
            "description", ctx.text("description"), long=True, text=draft.description, max_length=DESCRIPTION
        ),
        FormField(
            "story",
            ctx.text("user_story"),
            long=True,
            required=False,
            text=draft.user_story,
            max_length=STORY,
        ),
        FormField(
            "criteria",
            ctx.text("criteria"),
            long=True,
            required=False,
            text=draft.criteria,
            placeholder=ctx.text("one_a_line"),
            max_length=CRITERIA,
        ),
    )


def of_edit(drafting: Drafting, written: Mapping[str, Any]) -> Draft:
    """Return the draft that was written into the form of `edit_fields`.

    Raises:
        UserFacingError: a part is missing or too long.
    """
    return drafting.checked(written["title"], written["description"], written["story"], written["criteria"])


async def give_words_back(ctx: PluginContext, call: Call, error: UserFacingError) -> None:
    """Say why a form isn't taken, with what was written into it: nothing is to be written twice.

    Raises:
        UserFacingError: nothing was written.
    """
    words = "\n\n".join(f"{name}:\n{each}" for name, each in call.written.items() if each.strip())
    if not words:
        raise error
    await call.reply(f"{error} {ctx.text('words_back')}", files=[File("request.txt", words.encode())])
