"""`/train` and its menu, from members of a sandbox to the database and back."""

import json
from typing import Any

import pytest

from bot.services.support_roles import SupportRoles
from sandbox import Sandbox
from sandbox.handles import Answer, Member
from tests.e2e.conftest import BotFactory, city, running_bot, town, watchman
from tests.e2e.harness import Home, Running

__all__ = ["BotFactory", "city", "running_bot", "town", "watchman"]

pytestmark = pytest.mark.asyncio(loop_scope="module")
REFUSED = "Only this server's support staff may do this."
QUESTIONS, LINKS, DATES = (
    "Questions, one a line",
    "Links to attachments, one a line",
    "Valid (2026-12-01 to 2026-12-24)",
)
ROLES: dict[int, int] = {}
ENTRIES = (
    "select answer, category, source_url from training_entries where guild_id = ? and deleted_at is null"
)


@pytest.fixture(autouse=True)
def roles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Staff roles are chosen where tickets are set up."""
    monkeypatch.setattr(SupportRoles, "staff_role_id", lambda _, guild_id: ROLES.get(guild_id))


async def helper(town: Home, city: Sandbox) -> Member:
    """A member with the staff role and no other right."""
    role = await city.role("helpers", guild=town.guild)
    ROLES[town.guild.id] = role.id
    return await town.person("hanna", roles=[role])


def trained(watchman: Running, town: Home) -> list[tuple[Any, ...]]:
    return watchman.rows(ENTRIES, town.guild.id)


def shown(answer: Answer) -> str:
    """Everything an answer's text and embed say; it must be for one member's eyes."""
    assert answer.message is not None
    assert answer.message.ephemeral
    return answer.message.content + json.dumps(answer.message.embeds, ensure_ascii=False)


async def add(town: Home, who: Member, question: str, answer: str, **more: Any) -> str:
    options = {"question": question, "answer": answer, **more}
    return shown(await who.slash("train add", channel=town.help, options=options))


async def test_a_helper_teaches_looks_changes_and_takes_back(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    hanna = await helper(town, city)
    said = await add(town, hanna, "How do I reset my password?", "Press **Forgot**.", category="login")
    assert "Press \\\\*\\\\*Forgot\\\\*\\\\*." in said
    assert trained(watchman, town) == [("Press **Forgot**.", "login", "")]
    tested = shown(
        await hanna.slash("train test", channel=town.help, question="hi how do i reset my password")
    )
    assert "0.99" in tested
    assert "the same question" in tested
    listing = await hanna.slash("train list", channel=town.help)
    assert "How do I reset my password?" in shown(listing)
    assert listing.message is not None
    assert listing.message.components == []  # a single page has nowhere to turn
    found = shown(await hanna.slash("train search", channel=town.help, text="forgot"))
    assert "1 entry" in found
    [choice] = await hanna.autocomplete("train edit", "entry", "reset", channel=town.help)
    assert choice["name"].endswith("How do I reset my password?")
    [category] = await hanna.autocomplete("train list", "category", "LOG", channel=town.help)
    assert category["value"] == "login"
    options = {"entry": choice["value"], "add_question": "Lost my login", "category": "-"}
    changed = shown(await hanna.slash("train edit", channel=town.help, options=options))
    assert "Lost my login" in changed
    assert trained(watchman, town) == [("Press **Forgot**.", "", "")]
    history = shown(await hanna.slash("train history", channel=town.help, entry=choice["value"]))
    assert "questions, category" in history
    assert "Taken back" in shown(await hanna.slash("train undo", channel=town.help))
    assert trained(watchman, town) == [("Press **Forgot**.", "login", "")]
    await hanna.slash("train remove", channel=town.help, entry=choice["value"])
    assert trained(watchman, town) == []
    [*_, first] = await hanna.autocomplete("train undo", "change", "", channel=town.help)
    assert "added entry" in first["name"]
    refused = shown(await hanna.slash("train undo", channel=town.help, options={"change": first["value"]}))
    assert "changed since then" in refused
    assert "removed" in shown(await hanna.slash("train history", channel=town.help))


async def test_a_form_takes_what_is_left_out_and_comes_back_when_it_is_wrong(
    town: Home, watchman: Running
) -> None:
    form = await town.owner.slash("train add", channel=town.help, question="When is it open?")
    written = {
        QUESTIONS: "When is it open?\nOpening hours?", "Answer": "At 9.", "Category": "",
        LINKS: "https://x.org/map.png", DATES: "soon",
    }  # fmt: skip
    wrong = await town.owner.submit(form, written)
    assert "“soon” is no date" in shown(wrong)
    again = await town.owner.click(wrong.message, "Correct it")
    assert again.modal is not None
    assert "Opening hours?" in json.dumps(again.modal.json)
    done = await town.owner.submit(again, written | {DATES: "to 2999-12-24"})
    assert "until <t:" in shown(done)
    [(entry_id,)] = watchman.rows("select id from training_entries where guild_id = ?", town.guild.id)
    edit = await town.owner.slash("train edit", channel=town.help, entry=str(entry_id))
    assert edit.modal is not None
    assert "to 2999-12-25 00:00" in json.dumps(edit.modal.json)
    await town.owner.slash(
        "train edit", channel=town.help, options={"entry": str(entry_id), "answer": "At 8."}
    )
    late = await town.owner.submit(edit, written | {DATES: ""})
    assert "has changed entry" in shown(late)


async def test_a_reply_becomes_an_entry_with_the_question_it_answered(town: Home, watchman: Running) -> None:
    asked = await town.alice.say("where are\nthe logs?", town.chat)
    reply = await town.bob.say("In /var/log.", town.chat, reply_to=asked, attachments=[("a.png", b"x")])
    form = await town.owner.menu("Train from this reply", reply)
    assert form.modal is not None
    fields = json.dumps(form.modal.json)
    assert "where are the logs?" in fields
    assert "a.png" in fields
    done = await town.owner.submit(form, {QUESTIONS: "where are the logs?", "Answer": "In /var/log."})
    assert "Made from" in shown(done)
    [(answer, _, source)] = trained(watchman, town)
    assert (answer, source.rpartition("/")[2]) == ("In /var/log.", str(reply.id))


async def test_a_file_is_previewed_imported_and_undone(town: Home, city: Sandbox, watchman: Running) -> None:
    hanna = await helper(town, city)
    await add(town, hanna, "question 0", "another answer")
    rows = "".join(f"question {number},answer {number}\n" for number in range(700))
    file = ("faq.csv", f"question,answer\n{rows},\n".encode())
    preview = await hanna.slash("train import", channel=town.help, file=file)
    assert "699 new questions" in shown(preview)
    assert "row 2" in shown(preview)
    assert len(trained(watchman, town)) == 1
    await hanna.click(preview.message, "Import now")
    await watchman.until("the import", lambda: len(trained(watchman, town)) == 700)
    texts = [
        entry["content"]
        for entry in city.record
        if entry["kind"] == "message_edit" and "Importing" in (entry.get("content") or "")
    ]
    assert [text.rpartition(" ques")[0] for text in texts[1:]] == [
        "Importing… 250 of 700",
        "Importing… 500 of 700",
    ]
    await watchman.until("the report", lambda: "Imported" in json.dumps(list(city.record)[-1], default=str))
    exported = await hanna.slash("train export", channel=town.help, format="json")
    assert exported.message is not None
    assert exported.message.json["attachments"][0]["filename"] == "training.json"
    await hanna.slash("train undo", channel=town.help)
    assert len(trained(watchman, town)) == 1
    at_once = await hanna.slash(
        "train import", channel=town.help, file=("b.json", b"["), options={"dry_run": False}
    )
    assert "no JSON" in shown(at_once)


async def test_lists_turn_their_pages(town: Home) -> None:
    rows = "".join(f"question {number},answer {number}\n" for number in range(12))
    file = ("faq.csv", f"question,answer\n{rows}".encode())
    await town.owner.slash("train import", channel=town.help, options={"file": file, "dry_run": False})
    listed = await town.owner.slash("train list", channel=town.help)
    assert "Page 1 of 2" in shown(listed)
    await town.owner.click(listed.message, "Next")
    assert "Page 2 of 2" in shown(await listed.refresh())
    await town.owner.click(listed.message, "Back")
    assert "question 11" in shown(await listed.refresh())


class TestOthers:
    COMMANDS: tuple[tuple[str, dict[str, Any]], ...] = (
        ("add", {"question": "a", "answer": "b"}), ("add", {}), ("list", {}), ("search", {"text": "a"}),
        ("edit", {"entry": "1"}), ("remove", {"entry": "1"}), ("export", {}), ("test", {"question": "a"}),
        ("undo", {}), ("history", {}), ("import", {"file": ("a.csv", b"question,answer\na,b")}),
    )  # fmt: skip

    async def test_no_command_menu_or_choice_is_for_them(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        hanna = await helper(town, city)
        await add(town, hanna, "Secret question?", "Secret answer.", category="secret")
        for name, options in self.COMMANDS:
            said = await town.alice.slash(f"train {name}", channel=town.help, options=dict(options))
            assert (said.modal, shown(said)) == (None, REFUSED + "[]"), name
        for name, option in (("edit", "entry"), ("list", "category"), ("undo", "change")):
            assert await town.alice.autocomplete(f"train {name}", option, "", channel=town.help) == []
        message = await town.bob.say("hello", town.chat)
        menu = await town.alice.menu("Train from this reply", message)
        assert (menu.modal, shown(menu)) == (None, REFUSED + "[]")
        assert len(trained(watchman, town)) == 1

    async def test_who_loses_the_role_loses_the_form_and_the_buttons(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        hanna = await helper(town, city)
        form = await hanna.slash("train add", channel=town.help)
        file = ("a.csv", b"question,answer\na,b\n")
        preview = await hanna.slash("train import", channel=town.help, file=file)
        del ROLES[town.guild.id]
        sent = await hanna.submit(form, {QUESTIONS: "a", "Answer": "b"})
        assert shown(sent) == REFUSED + "[]"
        assert shown(await hanna.click(preview.message, "Import now")) == REFUSED + "[]"
        assert trained(watchman, town) == []

    async def test_everyone_is_no_staff_role_and_one_of_another_server_opens_nothing(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        ROLES[town.guild.id] = town.guild.id
        assert shown(await town.alice.slash("train list", channel=town.help)) == REFUSED + "[]"
        other = await city.guild(f"Other {town.guild.id}")
        role = await city.role("helpers", guild=other)
        ROLES[other.id] = ROLES[town.guild.id] = role.id
        assert shown(await town.alice.slash("train list", channel=town.help)) == REFUSED + "[]"
