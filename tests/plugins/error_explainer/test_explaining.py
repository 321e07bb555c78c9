"""When a trace is explained, how, and when nothing is said."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.plugin_api import (
    Attachment,
    DecisionMade,
    DiscordError,
    Level,
    MessageDeleted,
)
from bot.plugin_api.testing import CHANNEL, GUILD, MEMBER, STAFF, Trial, on_trial
from tests.plugins.error_explainer import samples

FOLDER = Path("plugins/error_explainer")
MINUTE = 60.0


@pytest.fixture
async def trial() -> AsyncIterator[Trial]:
    async with on_trial(FOLDER) as trial:
        await trial.set("channels", f"<#{CHANNEL}>")
        yield trial
        assert trial.failures == 0


def decision(
    message_id: int, plan: str = "noop", *, left_to: str = "", is_open: bool = False
) -> DecisionMade:
    return DecisionMade(
        guild_id=GUILD, channel_id=CHANNEL, message_id=message_id, author_id=MEMBER, plan=plan, reason="",
        intent="problem_report", confidence=0.9, left_to=left_to, is_open=is_open,
    )  # fmt: skip


async def test_it_says_what_failed_where_why_and_what_next(trial: Trial) -> None:
    message_id = await trial.say(samples.PYTHON)
    [said] = trial.posts
    assert said.reply_to == message_id
    assert said.text.splitlines()[0] == (
        "**ModuleNotFoundError** in `~/app/main.py, line 12, in start`: `No module named 'flask'`"
    )
    assert "**Likely cause:** The package with `flask` isn't installed" in said.text
    assert "**Next step:** Activate the right virtual environment" in said.text
    assert said.text.endswith("-# Read from the trace by rules: what usually causes this.")
    assert "bob" not in said.text


async def test_nowhere_until_a_channel_is_set(trial: Trial) -> None:
    await trial.set("channels", "")
    await trial.say(samples.PYTHON)
    assert await trial.claims(samples.PYTHON) is None
    assert not trial.posts


async def test_no_trace_no_answer(trial: Trial) -> None:
    for member, text in enumerate(samples.NO_TRACES.values()):
        await trial.say(text, by=member + 1)
    assert not trial.posts


async def test_an_unknown_error_without_a_model_gets_silence(trial: Trial) -> None:
    await trial.say(samples.UNKNOWN)
    assert await trial.claims(samples.UNKNOWN) is None
    assert not trial.posts


async def test_a_model_sees_the_trace_alone_and_is_labelled(trial: Trial) -> None:
    answer = {"likely_cause": "The odd service is down.", "next_step": "Start it,\nthen try ```again```."}
    trial.language.answers.append(json.dumps(answer))
    key = "sk-" + "a1B2" * 10
    await trial.say(f"my boss Karl says hello {key}\n{samples.UNKNOWN}: {key} in /home/karl/x")
    [said] = trial.posts
    assert "**Likely cause:** The odd service is down." in said.text
    assert "**Next step:** Start it, then try again." in said.text
    assert said.text.endswith("-# AI-generated: it may be wrong, check before you rely on it.")
    [(instructions, [material])] = trial.language.asked
    assert "Python" in instructions
    assert material.text.splitlines()[0].startswith("odd.VeryOddError: nobody knows this one")
    assert "own: odd.py:1" in material.text
    assert "karl" not in (material.text + instructions).lower()


async def test_the_model_is_left_out_where_managers_say_so(trial: Trial) -> None:
    await trial.set("use_ai", "no")
    trial.language.answers.append(json.dumps({"likely_cause": "x" * 20, "next_step": "y" * 20}))
    await trial.say(samples.PYTHON)
    assert not trial.language.asked
    assert "by rules" in trial.posts[0].text


async def test_what_asks_something_waits_for_the_bots_decision(trial: Trial) -> None:
    flagged = await trial.say(samples.PYTHON, intent="problem_report")
    assert not trial.posts
    await trial.tell(decision(flagged, "reply"))
    await trial.tell(decision(flagged, left_to="error_explainer"))  # too late: it was answered
    assert not trial.posts
    flagged = await trial.say(samples.PYTHON, intent="problem_report")
    await trial.tell(decision(flagged))  # silent for a reason of its own, such as a ticket
    assert not trial.posts
    flagged = await trial.say(samples.PYTHON, intent="problem_report")
    await trial.tell(decision(flagged, is_open=True))
    assert [each.reply_to for each in trial.posts] == [flagged]


async def test_it_answers_instead_of_the_bot_what_it_knows(trial: Trial) -> None:
    claimed = await trial.claims(samples.JAVA)
    assert claimed is not None
    await trial.tell(decision(claimed, left_to="error_explainer"))
    assert "`name` is null at that line." in trial.posts[0].text
    assert await trial.claims(samples.JAVA) is None  # its author had one a moment ago


async def test_a_reply_is_taken_back_when_the_bot_answers_after_an_edit(trial: Trial) -> None:
    message_id = await trial.say(samples.PYTHON)
    await trial.tell(decision(message_id, "reply"))
    assert [each.deleted for each in trial.posts] == [True]


async def test_one_explanation_within_ten_minutes(trial: Trial) -> None:
    await trial.say(samples.PYTHON)
    await trial.say(samples.GO)
    await trial.say(samples.GO, by=MEMBER + 1)
    assert len(trial.posts) == 2
    await trial.later(10 * MINUTE)
    await trial.say(samples.GO)
    assert len(trial.posts) == 3


async def test_a_flood_of_traces_is_bounded(trial: Trial) -> None:
    for member in range(40):
        await trial.say(samples.PYTHON, by=50_000 + member)
    assert len(trial.posts) == 15


async def test_the_same_message_is_explained_once(trial: Trial) -> None:
    message_id = await trial.say(samples.PYTHON)
    await trial.later(60 * MINUTE)
    await trial.say(samples.PYTHON, message_id=message_id)
    assert len(trial.posts) == 1


async def test_the_reply_goes_with_the_message(trial: Trial) -> None:
    message_id = await trial.say(samples.PYTHON)
    gone = MessageDeleted(guild_id=GUILD, channel_id=CHANNEL, message_id=message_id)
    await trial.tell(gone)
    assert trial.posts[0].deleted
    await trial.tell(gone)  # again: nothing is left to do


async def test_a_small_text_file_is_read(trial: Trial) -> None:
    file = Attachment("error.log", 500, "text/plain")
    message_id = trial.desk._next + 1
    trial.desk.files[message_id, "error.log"] = samples.GO.encode()
    await trial.say("see file", attachments=(file,))
    assert "**panic** in `~/x/store.go, line 9, in main.(Store).Get`" in trial.posts[0].text
    await trial.say("too large", by=1, attachments=(Attachment("big.log", 5_000_000),))
    await trial.say("a picture", by=1, attachments=(Attachment("x.png", 500),))
    trial.desk.failing.append(DiscordError("no"))
    await trial.say("out of reach", by=1, attachments=(file,))
    assert len(trial.posts) == 1


@pytest.mark.parametrize("failing", [DiscordError("missing permission: Send Messages")], ids=["forbidden"])
async def test_where_it_may_not_write_it_says_nothing_and_goes_on(
    trial: Trial, failing: DiscordError
) -> None:
    trial.desk.failing.append(failing)
    await trial.say(samples.PYTHON)
    assert not trial.posts
    await trial.say(samples.PYTHON)
    assert len(trial.posts) == 1


async def test_members_with_an_ignored_role_are_not_answered(trial: Trial) -> None:
    await trial.service.guilds.set_ignored_roles(GUILD, {77})
    trial.desk.roles[MEMBER] = frozenset({77})
    await trial.say(samples.PYTHON)
    assert await trial.claims(samples.PYTHON) is None
    assert not trial.posts


async def test_what_a_member_wrote_is_never_markup(trial: Trial) -> None:
    await trial.say(
        "Traceback (most recent call last):\n"
        '  File "`**x**`@everyone.py", line 1, in `boom`\n'
        "IndexError: `](https://evil.example)** out of range"
    )
    first = trial.posts[0].text.splitlines()[0]
    assert first.count("`") == 4
    assert first.count("**") == 2


async def test_staff_see_what_was_explained(trial: Trial) -> None:
    assert (
        await trial.command("explained-errors", by=STAFF)
    ).text == "Nothing was explained in the last week."
    await trial.say(samples.PYTHON)
    listed = (await trial.command("explained-errors", by=STAFF)).text
    assert "`ModuleNotFoundError` (Python) · rules" in listed
    specs = trial.service.info("error_explainer", GUILD).commands
    assert [each.level for each in specs] == [Level.SUPPORT]


async def test_when_no_more_can_be_kept_nothing_is_said(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.plugins.keeping.MAX_VALUES", 0)
    await trial.say(samples.PYTHON)
    assert not trial.posts


async def test_what_waits_for_a_decision_goes_with_the_member(trial: Trial) -> None:
    flagged = await trial.say(samples.PYTHON, intent="problem_report")
    await trial.erase(MEMBER)
    await trial.tell(decision(flagged, is_open=True))
    assert not trial.posts


async def test_what_is_kept_holds_no_words_and_goes(trial: Trial) -> None:
    await trial.say(samples.PYTHON)
    kept = await trial.kept(MEMBER)
    assert kept
    assert "flask" not in json.dumps(kept)
    await trial.later(60)
    await trial.later(8 * 86_400)
    assert not [key for _, key, _ in await trial.kept() if key.startswith("done/")]
    await trial.say(samples.PYTHON)
    await trial.erase(MEMBER)
    assert not await trial.kept(MEMBER)


async def test_what_is_beyond_the_limits_is_left_to_the_bot(trial: Trial) -> None:
    for member in range(15):
        claimed = await trial.claims(samples.JAVA, by=50_000 + member)
        assert claimed is not None
        await trial.tell(decision(claimed, left_to="error_explainer"))
    assert await trial.claims(samples.JAVA, by=60_000) is None, "else it would get no answer at all"
    await trial.later(10 * MINUTE)
    assert await trial.claims(samples.JAVA, by=60_000) is not None
    assert len(trial.posts) == 15


async def test_of_two_traces_at_once_the_bot_answers_the_second(trial: Trial) -> None:
    first = await trial.claims(samples.JAVA)
    assert first is not None
    assert await trial.claims(samples.GO) is None
    assert await trial.claims(samples.JAVA, message_id=first) is not None, "asked again, it is still its own"
    await trial.tell(decision(first, left_to="error_explainer"))
    assert [each.reply_to for each in trial.posts] == [first]
    assert await trial.claims(samples.JAVA, message_id=first) is not None, "it has its answer already"


async def test_a_turn_that_is_not_needed_is_given_back(trial: Trial) -> None:
    for number in range(16):
        claimed = await trial.claims(samples.JAVA)
        assert claimed is not None, number
        if number % 3:
            await trial.tell(decision(claimed, "reply" if number % 3 == 1 else "escalate"))
        else:
            await trial.delete(claimed)
    assert not trial.posts


async def test_a_trace_that_an_edit_brings_is_explained_once(trial: Trial) -> None:
    message_id = await trial.say("it doesn't start")
    await trial.edit(message_id, f"it doesn't start\n{samples.PYTHON}")
    assert [each.reply_to for each in trial.posts] == [message_id]
    await trial.edit(message_id, f"it doesn't start!\n{samples.PYTHON}")
    assert [each.deleted for each in trial.posts] == [False]


@pytest.mark.parametrize("now", ["solved, thanks", samples.GO], ids=["no trace", "another"])
async def test_an_explanation_goes_when_an_edit_takes_its_trace_away(trial: Trial, now: str) -> None:
    message_id = await trial.say(samples.PYTHON)
    await trial.edit(message_id, now)
    assert [each.deleted for each in trial.posts] == [True]


async def test_an_edit_before_the_decision_is_what_is_explained(trial: Trial) -> None:
    claimed = await trial.claims(samples.JAVA)
    assert claimed is not None
    await trial.edit(claimed, samples.GO, intent="problem_report")
    await trial.tell(decision(claimed, left_to="error_explainer"))
    assert "panic" in trial.posts[0].text
