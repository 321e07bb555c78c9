from typing import Any

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.maintenance import HELD
from bot.models import Channel, Watch
from cogs.admin.audit import message_id_of
from cogs.admin.embeds import channel_list_embed
from cogs.admin.story import story_embed
from tests.fake_interaction import check_embed

ID = 1_400_000_000_000_000_101
# Text as long as its column, of characters that escaping makes longer.
noisy = st.text(alphabet="*_`~|>[]()#@<a\n\\€", max_size=300)


def fields(embed: discord.Embed) -> dict[str | None, str | None]:
    return {field.name: field.value for field in embed.fields}


def channel(number: int = 0, watch: Watch = Watch.TRACK, tip: str | None = None) -> Channel:
    return Channel(id=ID + number, guild_id=1, watch=watch, tip=tip, name="general")


class TestChannelList:
    def test_shows_what_was_chosen_and_nothing_else(self) -> None:
        embed = channel_list_embed(
            [
                channel(0),
                channel(1, Watch.IGNORE),
                channel(2, Watch.DEFAULT),
                channel(3, Watch.DEFAULT, "*x*"),
            ]
        )
        assert embed.description == (
            f"<#{ID}>: watched\n<#{ID + 1}>: ignored\n<#{ID + 3}>: default · tip: \\*x\\*"
        )
        assert embed.footer.text == "All other channels are watched if everyone can read them"

    def test_says_when_nothing_was_chosen(self) -> None:
        assert channel_list_embed([channel(0, Watch.DEFAULT)]).description == "You chose nothing yet."

    def test_says_how_many_are_not_shown(self) -> None:
        embed = channel_list_embed([channel(number) for number in range(45)])
        assert str(embed.description).count("\n") == 29
        assert "15 more not shown" in str(embed.footer.text)

    @example(60, "*" * 300)
    @example(30, "a" * 150)
    @given(st.integers(0, 60), noisy)
    def test_always_fits(self, count: int, tip: str) -> None:
        embed = channel_list_embed([channel(number, tip=tip) for number in range(count)])
        check_embed(embed)
        shown = sum(f"<#{ID + number}>" in str(embed.description) for number in range(count))
        assert shown == count or f"{count - shown} more not shown" in str(embed.footer.text)


def story(**values: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "deleted": False,
        "language": "en",
        "message": {"content": "how do I start it?", "link": "https://discord.com/channels/1/2/3"},
        "nano_tags": {
            "sentiment": "neu", "sentiment_score": -0.25, "purpose": "support", "urgency": "low",
            "toxicity": 0.01,
        },
        "observer": {
            "intent": "help_request", "confidence": 0.9, "rationale": "asks how", "judge": "light",
            "light": None,
        },
        "orchestrator": {"plan": "reply", "reason": "help request", "status": "responded"},
        "actions": [],
        "feedback": [], "suggestion": None, "summons": [], "warnings": [],
        "backfilled": False,
        "times": {
            "created": "2026-03-01T12:00:00+00:00", "ingested": "2026-03-01T12:00:00.300000+00:00",
            "observed": None, "decided": "2026-03-01T12:02:00+00:00", "finished": None,
        },
    }  # fmt: skip
    return known | values


def action(**values: Any) -> dict[str, Any]:
    known = {
        "id": 1, "kind": "reply", "status": "sent", "channel_id": ID, "message_id": 9, "detail": "",
        "finished_at": "2026-03-01T12:00:00+00:00", "retries": 0, "written_by": None,
    }  # fmt: skip
    return known | values


class TestStory:
    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({}, "I took it for a help request and answered it."),
            ({"status": "escalated", "plan": "escalate", "reason": "urgent"}, "I told the staff: urgent."),
            ({"status": "skipped", "plan": "noop", "reason": "quiet hours"}, "I did nothing: quiet hours."),
            ({"status": "skipped", "reason": "gone"}, "wanted to answer, but didn't: gone."),
            ({"status": "pending", "plan": None, "reason": ""}, "I'm not done with it yet."),
            ({"status": "pending", "plan": None, "reason": HELD}, "until maintenance is over"),
        ],
    )
    def test_says_in_plain_words_what_was_done(self, changed: dict[str, Any], said: str) -> None:
        known = story()
        known["orchestrator"] |= changed
        assert said in str(fields(story_embed(known))["Decision"])

    def test_says_how_long_it_took(self) -> None:
        times = fields(story_embed(story()))["Times"]
        assert times == "heard 0.3 s after it was written · decided after 2 min"

    def test_names_no_channel_that_the_asker_cannot_read(self) -> None:
        told = fields(story_embed(story(actions=[action()]), readable={5}))
        assert told["Action 1: reply"] == "sent in a channel you can't read · <t:1772366400:T>"

    def test_shows_what_was_thought_and_done(self) -> None:
        embed = story_embed(story(actions=[action(retries=2, detail="*late*")]))
        assert embed.url == "https://discord.com/channels/1/2/3"
        assert embed.description == ">>> how do I start it?"
        shown = fields(embed)
        assert shown["Tags"] == (
            "purpose support · sentiment neutral (-0.25) · urgency low · toxicity 0.01 · language en"
        )
        assert shown["Intent"] == "help_request (0.90), judged by the light judge\nasks how"
        assert str(shown["Decision"]).startswith("reply: help request → **responded**\n")
        assert shown["Action 1: reply"] == (
            f"sent in <#{ID}> · message 9 · \\*late\\* · <t:1772366400:T> · 2 retries"
        )

    def test_counts_what_was_said_of_it(self) -> None:
        said = {"giver": "member", "verdict": "right", "correct_intent": None}
        corrected = {"giver": "staff", "verdict": "wrong", "correct_intent": "problem_report"}
        shown = fields(story_embed(story(feedback=[said, corrected, said])))
        assert shown["Feedback"] == "member: right (2) · staff: problem report"
        assert "Feedback" not in fields(story_embed(story()))

    def test_shows_what_is_not_known_yet(self) -> None:
        plan = {"plan": None, "reason": "", "status": "pending"}
        observer = {"intent": "other", "confidence": 0.0, "rationale": "", "judge": "light", "light": None}
        embed = story_embed(
            story(
                orchestrator=plan, observer=observer,
                message={"content": "", "link": "https://discord.com/channels/1/2/3"},
                actions=[action(status="pending", message_id=None, finished_at=None)],
            )
        )  # fmt: skip
        assert embed.description == ">>> (no text)"
        assert fields(embed)["Intent"] == "other (0.00), judged by the light judge"
        assert str(fields(embed)["Decision"]).startswith("not yet: - → **pending**\n")
        assert fields(embed)["Action 1: reply"] == f"pending in <#{ID}>"

    def test_shows_that_the_encoder_changed_the_light_judges_mind(self) -> None:
        light = {"intent": "other", "confidence": 0.6}
        observer = {
            "intent": "help_request", "confidence": 0.93, "rationale": "asks how", "judge": "encoder",
            "light": light,
        }  # fmt: skip
        assert fields(story_embed(story(observer=observer)))["Intent"] == (
            "help_request (0.93), judged by the encoder (light judge: other 0.60)\nasks how"
        )

    def test_shows_that_a_language_model_judged_and_wrote(self) -> None:
        observer = {
            "intent": "other", "confidence": 0.9, "rationale": "", "judge": "llm",
            "light": {"intent": "help_request", "confidence": 0.55},
        }  # fmt: skip
        written = action(written_by="ollama/gemma3_27b")
        shown = fields(story_embed(story(observer=observer, actions=[written])))
        assert shown["Intent"] == "other (0.90), judged by a language model (light judge: help_request 0.55)"
        assert "written by ollama/gemma3\\_27b" in str(shown["Action 1: reply"]).split(" · ")

    def test_shows_why_no_model_wrote_with_the_command_to_run(self) -> None:
        why = "template: ollama/gemma3_4b: model gemma3_4b is not there: run `ollama pull gemma3_4b`"
        shown = fields(story_embed(story(actions=[action(written_by=why)])))
        assert (
            "a prepared answer, no model wrote one: ollama/gemma3\\_4b: model gemma3\\_4b is not there:"
            " run `ollama pull gemma3_4b`"
        ) in str(shown["Action 1: reply"]).split(" · ")
        bare = fields(story_embed(story(actions=[action(written_by="template")])))
        assert "a prepared answer" in str(bare["Action 1: reply"]).split(" · ")

    def test_shows_no_text_of_a_deleted_message(self) -> None:
        assert story_embed(story(deleted=True)).description == "(deleted)"

    @example("*" * 600, "*" * 300, "*" * 300, "*" * 300, 40)
    @given(st.text(alphabet="*_`~|>[]()#@<a\n", max_size=600), noisy, noisy, noisy, st.integers(0, 40))
    def test_always_fits(self, content: str, rationale: str, reason: str, detail: str, count: int) -> None:
        written = [action(id=1, detail=detail, written_by=reason)]  # the reply: at most one of them
        check_embed(
            story_embed(
                story(
                    message={"content": content, "link": "https://discord.com/channels/1/2/3"},
                    observer={
                        "intent": "help_request",
                        "confidence": 0.9,
                        "rationale": rationale,
                        "judge": "encoder",
                        "light": {"intent": "problem_report", "confidence": 0.5},
                    },
                    orchestrator={"plan": "reply", "reason": reason, "status": "responded"},
                    actions=written
                    + [action(id=2**62, detail=detail, message_id=2**62, retries=9) for _ in range(count)],
                )
            )
        )


class TestMessageIds:
    @pytest.mark.parametrize(
        "text",
        [
            f"{ID}",
            f"  {ID} ",
            f"https://discord.com/channels/1/2/{ID}",
            f"https://ptb.discord.com/channels/1/2/{ID}",
        ],
    )
    def test_are_read_from_links_and_as_they_are(self, text: str) -> None:
        assert message_id_of(text) == ID

    @pytest.mark.parametrize("text", ["", "hello", "12", f"https://discord.com/channels/1/{ID}", f"{ID}x"])
    def test_anything_else_is_refused_with_help(self, text: str) -> None:
        from bot.domain.errors import UserFacingError

        with pytest.raises(UserFacingError, match="Copy Message Link"):
            message_id_of(text)
