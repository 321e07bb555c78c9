"""What plugins need to answer instead of the bot: claims, own texts, files, deletions."""

from pathlib import Path

import pytest

from bot.domain.policy import Decision, leave_to
from bot.domain.signal import PlanKind
from bot.plugin_api import DecisionMade, MessageDeleted
from bot.plugin_api.testing import CHANNEL, GUILD, MEMBER, on_trial
from bot.services.plugins import claiming
from tests.plugins.support import write_plugin

ANSWERER = """
    import asyncio
    from bot.plugin_api import DecisionMade, DiscordError, MessageDeleted

    async def setup(ctx):
        async def claim(event):
            if "wait" in event.content:
                await asyncio.Event().wait()
            return 1 / len(event.content) and "mine" in event.content

        async def decided(event):
            if event.left_to == ctx.manifest.id:
                where = event.guild_id, event.channel_id
                data = await ctx.messages.attachment_text(*where, event.message_id, "a.txt")
                words = ctx.text("read", words=data or "nothing", left="{}")
                ctx.said = await ctx.messages.post(event.guild_id, event.channel_id, words)

        async def deleted(event):
            await ctx.messages.delete(event.guild_id, event.channel_id, ctx.said)

        ctx.answers(claim)
        ctx.on(DecisionMade, decided)
        ctx.on(MessageDeleted, deleted)
"""
MAY = ("messages.read", "messages.send")


def decision(message_id: int, left_to: str) -> DecisionMade:
    return DecisionMade(
        guild_id=GUILD, channel_id=CHANNEL, message_id=message_id, author_id=MEMBER, plan="noop",
        reason="", intent="problem_report", confidence=0.9, left_to=left_to,
    )  # fmt: skip


def answerer(tmp_path: Path, texts: str = "read: 'I read {words} {left}'") -> Path:
    folder = write_plugin(tmp_path, "answerer", ANSWERER, *MAY)
    (folder / "messages.yaml").write_text(texts)
    return folder


async def test_a_plugin_answers_what_it_claims_and_takes_it_back(tmp_path: Path) -> None:
    async with on_trial(answerer(tmp_path)) as trial:
        assert await trial.claims("not for it") is None
        message_id = await trial.claims("this is mine")
        assert message_id is not None
        await trial.tell(decision(message_id, "another"))
        assert not trial.posts
        trial.desk.files[message_id, "a.txt"] = b"the file, password=Hunter2hunter2"
        await trial.tell(decision(message_id, "answerer"))
        assert [each.text for each in trial.posts] == ["I read the file, password=[redacted: secret] {}"]
        await trial.tell(MessageDeleted(guild_id=GUILD, channel_id=CHANNEL, message_id=message_id))
        assert trial.posts[0].deleted
        assert trial.failures == 0


async def test_a_claim_that_hangs_or_fails_leaves_the_answer_to_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "DEADLINE", 0.01)
    async with on_trial(answerer(tmp_path)) as trial:
        assert await trial.claims("wait, this is mine") is None
        assert await trial.claims("") is None
        assert trial.failures == 1  # a hang was ended by the bot, which needs its answer


@pytest.mark.parametrize(
    ("texts", "why"),
    [("- a", "must be a mapping"), ("a: [1]", "must be a mapping"), ("a: {", "not valid YAML")],
    ids=["list", "no text", "malformed"],
)
async def test_texts_that_cannot_be_read_are_told(tmp_path: Path, texts: str, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        async with on_trial(answerer(tmp_path, texts)):
            pass


@pytest.mark.parametrize(
    ("before", "is_left"),
    [
        (Decision(PlanKind.REPLY, "help request"), True),
        (Decision(PlanKind.NOOP, "auto-replies are off here"), True),
        (Decision(PlanKind.NOOP, "in a ticket"), False),
        (Decision(PlanKind.NOOP, "quiet hours"), False),
        (Decision(PlanKind.ESCALATE, "urgent"), False),
    ],
    ids=lambda value: getattr(value, "reason", ""),
)
def test_only_the_bots_own_answer_is_left_to_a_plugin(before: Decision, is_left: bool) -> None:
    after = leave_to("answerer", before)
    assert (after.left_to == "answerer") is is_left
    assert after.plan is (PlanKind.NOOP if is_left else before.plan)


async def test_without_its_permissions_nothing_is_claimed(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path, "answerer", ANSWERER, "messages.read")
    with pytest.raises(AssertionError, match="needs 'messages"):
        async with on_trial(folder):
            pass
