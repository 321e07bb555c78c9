"""A request's whole way in Discord: form, draft, staff, issue, news, and its member's deletion."""

from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.github import GitHubSandbox
from tests.e2e.conftest import BotFactory, discord, running_bot
from tests.e2e.harness import Home, Running, TestClock, a_home
from tests.plugins.feature_requests.conftest import WRITTEN

__all__ = ["discord", "running_bot"]
PLUGINS = Path("plugins").resolve()
PLUGIN = {"plugin": "feature_requests"}


class Hurrying(TestClock):
    """Its monotonic time can be put forward, too."""

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


async def answered(bot: Running, answer: Any) -> Any:
    """Return the answer once it takes the place of "thinking"."""

    async def is_there() -> bool:
        message = (await answer.refresh()).message
        return bool(message and (message.content or message.embeds))

    await bot.until("an answer", is_there)
    return (await answer.refresh()).message


async def staff_sees(home: Home) -> Any:
    """Return the card of the newest request."""
    assert home.staff is not None
    return next(each for each in reversed(await home.staff.history()) if each.embeds)


async def set_up(discord: Sandbox) -> Home:
    home = await a_home(discord)
    await home.with_staff()
    await home.owner.slash("plugins enable", channel=home.help, options=PLUGIN)
    setting = {"key": "repository", "value": "acme/app"}
    await home.owner.slash("plugins config", channel=home.help, options=PLUGIN | setting)
    return home


async def test_a_request_goes_from_the_form_to_a_closed_issue(
    discord: Sandbox, running_bot: BotFactory
) -> None:
    await discord.guild("First")
    clock = Hurrying()
    async with GitHubSandbox(clock=clock) as github:
        repository = github.repository("acme/app")
        plugins = {
            "folder": PLUGINS,
            "hosts": {"feature_requests": [github.address]},
            "options": {"feature_requests": {"api_url": github.url, "repositories": ["acme/app"]}},
            "secrets": {"FEATURE_REQUESTS_TOKEN": github.token},
        }
        async with running_bot(discord, clock=clock, plugins=plugins) as bot:
            await bot.until("the commands", lambda: bool(discord.app.commands))
            home = await set_up(discord)
            await bot.until("the command", lambda: home.guild.id in discord.app.commands)
            form = await home.alice.slash("request-feature", channel=home.help)
            shown = await home.alice.submit(form, WRITTEN)
            draft = await answered(bot, shown)
            assert draft.embeds[0]["title"] == "Export a board as CSV"
            sent = await home.alice.click(draft, "Submit")
            assert "**#1**" in (await answered(bot, sent)).content
            card = await staff_sees(home)
            refused = await home.bob.click(card, "Approve")
            assert "Only this server's support staff" in refused.content
            approved = await home.owner.click(card, "Approve")
            assert (await answered(bot, approved)).content == "Approved: https://github.com/acme/app/issues/1"
            assert str(home.alice.id) not in str(github.asked())
            mail = await home.alice.dm()
            assert "was approved" in (await home.alice.sees(mail))[-1].content
            github.change(repository.issues[1], state="closed", state_reason="completed")

            async def is_told() -> bool:
                clock.ahead += type(clock.ahead)(minutes=11)
                return "is done" in (await home.alice.sees(mail))[-1].content

            await bot.until("the news", is_told)
            fresh = await card.fetch()
            assert "Closed" in str(fresh.embeds)
            assert "issues/1" in str(fresh.embeds)
