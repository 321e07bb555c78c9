"""Members draft, change, submit and vote; staff decide."""

import json

import pytest

from bot.domain.errors import UserFacingError
from bot.plugin_api import DiscordError, SeenMessage
from bot.plugin_api.testing import CHANNEL, GUILD, MEMBER, STAFF
from tests.plugins.feature_requests.conftest import REVIEW, WRITTEN, Desk

DRAFTED = (
    '{"title": "CSV export of boards", "description": "Boards can be downloaded as CSV.",'
    ' "user_story": "As a team lead, I want CSV", "acceptance_criteria": ["There is a button"]}'
)


async def test_without_a_model_the_draft_is_the_members_own_words(desk: Desk) -> None:
    shown = await desk.draft()
    card = shown.content.card
    assert card is not None
    assert shown.private
    assert card.title == "Export a board as CSV"
    assert card.text == f"{WRITTEN['want']}\n\n{WRITTEN['why']}"
    fields = {each.name: each.value for each in card.fields}
    assert fields["User story"] == (
        "As team lead, I want: Export a board as CSV, because I report to people without an account."
    )
    assert fields["Acceptance criteria"] == "• a button\n• opens in a spreadsheet"
    assert card.footer == "Your own words, put in order"


async def test_a_model_drafts_and_the_draft_says_so(desk: Desk) -> None:
    desk.trial.language.answers.append(DRAFTED)
    card = (await desk.draft()).content.card
    assert card is not None
    assert card.title == "CSV export of boards"
    assert card.footer.startswith("Drafted by a language model")
    instructions, material = desk.trial.language.asked[0]
    assert WRITTEN["want"] not in instructions
    assert WRITTEN["want"] in material[0].text


async def test_a_server_can_do_without_the_model(desk: Desk) -> None:
    await desk.trial.set("use_ai", "no")
    await desk.draft()
    assert not desk.trial.language.asked


async def test_the_member_changes_the_draft_before_it_is_seen(desk: Desk) -> None:
    shown = await desk.draft()
    asked = await desk.trial.press(shown, "Edit")
    changed = await desk.trial.send(asked.form, title="Export boards", criteria="")
    assert not [each for each in desk.trial.posts if each.channel_id == REVIEW]
    await desk.trial.press(changed.said[0], "Submit")
    [review] = [each for each in desk.trial.posts if each.channel_id == REVIEW]
    assert review.content.card is not None
    assert review.content.card.title == "#1 Export boards"
    assert "Acceptance criteria" not in {each.name for each in review.content.card.fields}


async def test_the_command_submits_the_newest_draft_once(desk: Desk) -> None:
    old = await desk.draft()
    await desk.draft(title="Another wish")
    with pytest.raises(UserFacingError, match="draft is gone"):
        await desk.trial.press(old, "Submit")
    assert "**#1**" in (await desk.trial.command("submit-feature")).text
    with pytest.raises(UserFacingError, match="draft is gone"):
        await desk.trial.command("submit-feature")


async def test_nobody_submits_anothers_draft(desk: Desk) -> None:
    shown = await desk.draft()
    with pytest.raises(UserFacingError, match="draft is gone"):
        await desk.trial.press(shown, "Submit", by=MEMBER + 1)


async def test_a_draft_is_discarded(desk: Desk) -> None:
    shown = await desk.draft()
    await desk.trial.press(shown, "Discard")
    assert shown.text == "The draft is discarded."
    with pytest.raises(UserFacingError, match="draft is gone"):
        await desk.trial.command("submit-feature")


async def test_ten_an_hour_and_no_more(desk: Desk) -> None:
    for _ in range(10):
        await desk.draft()
    refused = await desk.draft()
    assert "10 times an hour" in refused.text
    assert b"I want to download all cards" in refused.content.files[0].data, "nothing is written twice"
    await desk.draft(by=MEMBER + 1)
    await desk.trial.later(3_601)
    await desk.draft()


async def test_a_message_of_ones_own_becomes_a_draft_anothers_does_not(desk: Desk) -> None:
    own = SeenMessage(GUILD, CHANNEL, 1, MEMBER, "Ada", "Let me sort cards. By date, please.", is_bot=False)
    card = (await desk.trial.menu("Request this feature", message=own)).said[0].content.card
    assert card is not None
    assert (card.title, card.text) == ("Let me sort cards.", "Let me sort cards. By date, please.")
    with pytest.raises(UserFacingError, match="Only your own messages"):
        await desk.trial.menu("Request this feature", message=own, by=MEMBER + 1)


async def test_an_attack_is_not_handed_on(desk: Desk) -> None:
    await desk.draft(title="Kick the idiot out", want="you are a stupid idiot and I hate you, go die")
    with pytest.raises(UserFacingError, match="reads like an attack"):
        await desk.trial.command("submit-feature")


async def test_a_server_without_a_place_for_staff_says_what_to_set(desk: Desk) -> None:
    await desk.trial.set_staff_channel(None)
    with pytest.raises(UserFacingError, match=r"/config staff"):
        await desk.draft()


async def test_what_staff_can_not_be_shown_stays_a_draft(desk: Desk) -> None:
    shown = await desk.draft()
    desk.trial.desk.failing.append(DiscordError("missing permission: Send Messages"))
    with pytest.raises(UserFacingError, match="kept as your draft"):
        await desk.trial.press(shown, "Submit")
    assert "**#2**" in (await desk.trial.command("submit-feature")).text


async def test_what_was_asked_before_is_shown_and_voted_for(desk: Desk) -> None:
    review = await desk.request()
    shown = await desk.draft(by=MEMBER + 1, title="Export boards as a CSV file")
    assert "Request #1, which the staff haven't decided about yet" in shown.text
    assert "Export a board" not in shown.text, "staff haven't read it yet"
    await desk.trial.press(shown, "Vote for #1", by=MEMBER + 1)
    assert {each.name: each.value for each in review.content.card.fields}["Votes"] == "1"  # type: ignore[union-attr]
    with pytest.raises(UserFacingError, match="draft is gone"):
        await desk.trial.command("submit-feature", by=MEMBER + 1)
    again = await desk.draft(by=MEMBER + 1, title="Export boards as a CSV file")
    with pytest.raises(UserFacingError, match="voted for that already"):
        await desk.trial.press(again, "Vote for #1", by=MEMBER + 1)


async def test_open_issues_are_compared_with_their_links(desk: Desk) -> None:
    now = desk.trial.clock.now()
    desk.repository.add("Export boards as CSV", "Download cards of a board as a CSV file", now)
    desk.repository.add("Login is broken", "White page", now)
    shown = await desk.draft()
    assert "[Export boards as CSV](<https://github.com/acme/app/issues/1>)" in shown.text
    assert "Login" not in shown.text
    await desk.trial.press(shown, "Vote for #1")
    assert ("vote/issue-000001", True) in [(key, value) for _, key, value in await desk.trial.kept(MEMBER)]


async def test_issues_of_a_private_repository_are_not_shown(desk: Desk) -> None:
    desk.repository.is_private = True
    desk.repository.add("Export boards as CSV", "Download cards as a CSV file", desk.trial.clock.now())
    shown = await desk.draft()
    assert "before" not in shown.text
    assert not desk.github.asked(path="/issues")


async def test_github_out_of_reach_is_no_reason_not_to_draft(desk: Desk) -> None:
    desk.github.fail("status", status=503)
    assert (await desk.draft()).content.card


async def test_staff_reject_with_a_reason_that_the_member_is_told(desk: Desk) -> None:
    review = await desk.request()
    asked = await desk.trial.press(review, "Reject", by=STAFF)
    await desk.trial.send(asked.form, by=STAFF, reason="We have no boards. @everyone")
    assert review.content.card is not None
    assert "Rejected" in str(review.content.card.fields)
    assert not review.content.buttons
    [told] = desk.told(to=MEMBER)
    assert "was not taken up: We have no boards." in told
    with pytest.raises(UserFacingError, match="decided already"):
        await desk.trial.send(asked.form, by=STAFF, reason="twice")


async def test_staff_change_a_request(desk: Desk) -> None:
    review = await desk.request()
    asked = await desk.trial.press(review, "Edit", by=STAFF)
    await desk.trial.send(asked.form, by=STAFF, title="CSV export")
    assert review.content.card is not None
    assert review.content.card.title == "#1 CSV export"


async def test_members_words_are_no_markup(desk: Desk) -> None:
    review = await desk.request(title="Look [here](https://evil.example) **now**")
    assert review.content.card is not None
    assert "\\[here\\]\\(https" in review.content.card.title


async def test_erasing_a_member_takes_their_request_away(desk: Desk) -> None:
    review = await desk.request()
    other = await desk.request(by=MEMBER + 1, title="Dark mode", want="A dark theme for the web page")
    await desk.draft(title="A third wish")
    await desk.trial.erase(MEMBER)
    assert review.deleted
    assert not other.deleted
    assert WRITTEN["title"] not in str(await desk.trial.kept())
    assert "Dark mode" in str(await desk.trial.kept())


async def test_a_message_that_can_not_be_deleted_now_is_deleted_later(desk: Desk) -> None:
    review = await desk.request()
    desk.trial.desk.failing.append(DiscordError("out of reach"))
    await desk.trial.erase(MEMBER)
    assert not review.deleted
    await desk.trial.later(61)
    assert review.deleted


async def test_old_drafts_and_decided_requests_are_forgotten(desk: Desk) -> None:
    review = await desk.request()
    asked = await desk.trial.press(review, "Reject", by=STAFF)
    await desk.trial.send(asked.form, by=STAFF, reason="No.")
    await desk.draft(by=MEMBER + 1, title="Something else entirely")
    await desk.trial.later(60)
    await desk.trial.later(8 * 86_400)
    assert not [key for _, key, _ in await desk.trial.kept() if key == "draft"]
    assert [key for _, key, _ in await desk.trial.kept() if key.startswith("place/")]
    await desk.trial.later(90 * 86_400)
    assert not [key for _, key, _ in await desk.trial.kept() if key.startswith(("place/", "request/"))]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": "x"}, "The title needs 3 to 100"),
        ({"want": "", "why": ""}, "The description needs"),
        ({"done": "a point\n" * 9}, "more than 8 acceptance criteria"),
    ],
    ids=["title", "description", "criteria"],
)
async def test_a_form_that_is_not_taken_gives_the_words_back(
    desk: Desk, changes: dict[str, str], told: str
) -> None:
    refused = await desk.draft(by=MEMBER, **changes)
    assert told in refused.text
    assert b"team lead" in refused.content.files[0].data
    for _ in range(10):
        assert (await desk.draft()).content.card, "what isn't taken is no turn"


async def test_a_change_that_is_not_taken_gives_the_words_back_and_keeps_the_draft(desk: Desk) -> None:
    shown = await desk.draft()
    form = (await desk.trial.press(shown, "Edit")).form
    refused = (await desk.trial.send(form, title="", description="All new words")).said[0]
    assert b"All new words" in refused.content.files[0].data
    assert (await desk.trial.press(shown, "Submit")).text


async def test_staff_get_their_words_back_too(desk: Desk) -> None:
    review = await desk.request()
    form = (await desk.trial.press(review, "Edit", by=STAFF)).form
    refused = (await desk.trial.send(form, by=STAFF, title="", description="Better words")).said[0]
    assert b"Better words" in refused.content.files[0].data


async def test_a_model_that_writes_nothing_is_no_fault_of_the_member(desk: Desk) -> None:
    desk.trial.language.answers.append(json.dumps({"title": "    ", "description": "      "}))
    shown = await desk.draft()
    assert shown.content.card is not None
    assert shown.content.card.title == "Export a board as CSV"
    assert shown.content.card.footer.startswith("Your own words")


async def test_a_draft_is_kept_before_a_model_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the bot ends here")

    monkeypatch.setattr(desk.trial.language, "fill", broken)
    with pytest.raises(UserFacingError):
        await desk.draft()
    assert "**#1**" in (await desk.trial.command("submit-feature")).text


async def test_ids_of_people_and_places_stay_in_discord(desk: Desk) -> None:
    want = "<@123456789012345678> in <#223456789012345678> asks <@&323456789012345678> for it <:y_y:4234567>"
    review = await desk.request(want=want, title="As <@!123456789012345678> says")
    told = await desk.approve(review)
    assert "Approved" in told
    sent = str([each["body"] for each in desk.github.asked()])
    assert "(somebody) in (a channel) asks (somebody) for it" in sent
    assert not [number for number in ("123456789", "223456789", "323456789", "4234567") if number in sent]
    assert "123456789" not in str(await desk.trial.kept())


async def test_a_draft_whose_request_is_there_already_makes_no_second(desk: Desk) -> None:
    await desk.draft()
    registry = desk.trial.service.registry
    [kept] = [each for each in await desk.trial.kept(MEMBER) if each[1] == "draft"]
    await desk.trial.command("submit-feature")
    await registry.keeping.put(
        "feature_requests", GUILD, MEMBER, "draft", kept[2]
    )  # as if it had ended there
    with pytest.raises(UserFacingError, match="draft is gone"):
        await desk.trial.command("submit-feature")
    assert len([each for each in desk.trial.posts if each.channel_id == REVIEW]) == 1


async def test_a_server_that_keeps_too_much_loses_no_draft(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.draft()
    monkeypatch.setattr("bot.services.plugins.keeping.MAX_VALUES", len(await desk.trial.kept()) + 1)
    with pytest.raises(UserFacingError, match="as many requests as it may"):
        await desk.trial.command("submit-feature")
    monkeypatch.setattr("bot.services.plugins.keeping.MAX_VALUES", 10_000)
    assert "Your request is" in (await desk.trial.command("submit-feature")).text
    assert len([key for _, key, _ in await desk.trial.kept() if key.startswith("request/")]) == 1
    assert desk.trial.failures == 0
