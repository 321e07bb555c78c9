"""The plugin in the bot's own service, and a stand-in for GitHub."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.plugin_api.testing import STAFF, Said, Trial, on_trial
from sandbox.github import GitHubSandbox, Repository

FOLDER = Path("plugins/feature_requests")
REVIEW = 5_000
WRITTEN = {
    "title": "Export a board as CSV",
    "want": "I want to download all cards of a board as a CSV file.",
    "who": "team lead",
    "why": "I report to people without an account.",
    "done": "- a button\n2. opens in a spreadsheet",
}


class Desk:
    """What the tests do."""

    def __init__(self, trial: Trial, github: GitHubSandbox, repository: Repository) -> None:
        self.trial = trial
        self.github = github
        self.repository = repository

    async def draft(self, *, by: int = 3_000, **changes: str) -> Said:
        """Fill in the form; return the draft that is shown."""
        asked = await self.trial.command("request-feature", by=by)
        answers = await self.trial.send(asked.form, by=by, **(WRITTEN | changes))
        return answers.said[0]

    async def request(self, *, by: int = 3_000, **changes: str) -> Said:
        """Submit a request; return what staff see."""
        shown = await self.draft(by=by, **changes)
        await self.trial.press(shown, "Submit", by=by)
        return next(each for each in reversed(self.trial.posts) if each.channel_id == REVIEW)

    async def approve(self, review: Said) -> str:
        """Approve a request; return what staff are told."""
        return (await self.trial.press(review, "Approve", by=STAFF)).text

    def told(self, to: int | None = None) -> list[str]:
        """Return what was said directly to a member, or in threads."""
        threads = {each[0] for each in self.trial.desk.threads}
        return [
            each.text
            for each in self.trial.posts
            if (each.to == to if to is not None else each.channel_id in threads)
        ]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        github = await stack.enter_async_context(GitHubSandbox())
        options = {"api_url": github.url, "repositories": ["acme/app"], "seconds": 1}
        trial = await stack.enter_async_context(
            on_trial(FOLDER, secrets={"token": github.token}, hosts=[github.address], options=options)
        )
        github.clock = trial.clock
        await trial.set_staff_channel(REVIEW)
        await trial.set("repository", "acme/app")
        await trial.later(1)  # schedules count from their first look
        yield Desk(trial, github, github.repository("acme/app"))
