from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import StartupError
from bot.services.replies import PLACEHOLDER_LISTS, Replies

REPOSITORY = Path(__file__).parents[2]
WHOLE: dict[str, object] = {name: [f"{name} for {{member}}"] for name in PLACEHOLDER_LISTS}


def replies(**changes: object) -> Replies:
    return Replies.model_validate(WHOLE | changes)


def written(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "replies.yaml"
    values = {name: value for name, value in (WHOLE | changes).items() if value is not None}
    path.write_text(yaml.safe_dump(values), "utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(StartupError) as caught:
        Replies.load(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


class TestLoading:
    def test_the_ones_that_come_with_the_bot_are_fine(self) -> None:
        loaded = Replies.load(REPOSITORY / "config" / "replies.yaml")
        assert "{member}" in loaded.help_request[0]

    def test_a_good_file_is_read(self, tmp_path: Path) -> None:
        assert Replies.load(written(tmp_path, default_tip="Look.")) == replies(default_tip="Look.")

    def test_a_missing_file_says_where_to_get_it(self, tmp_path: Path) -> None:
        assert "Restore it from the repository" in refusal(tmp_path / "none.yaml")

    def test_a_folder_in_its_place_is_no_file(self, tmp_path: Path) -> None:
        assert "Can't read" in refusal(tmp_path)

    def test_bad_yaml_names_the_line(self, tmp_path: Path) -> None:
        path = tmp_path / "replies.yaml"
        path.write_text("default_tip: ''\nhelp_request: [\nproblem_report: 'x\n", "utf-8")
        assert f"{path}:4 is not valid YAML" in refusal(path)

    def test_an_unknown_placeholder_suggests_the_nearest(self, tmp_path: Path) -> None:
        text = refusal(written(tmp_path, passed_on=["Hi {membr}"]))
        assert "passed_on uses {membr}, which doesn't exist. Did you mean {member}?" in text

    def test_an_empty_placeholder_is_unknown(self, tmp_path: Path) -> None:
        assert "uses {}" in refusal(written(tmp_path, passed_on=["Hi {}"]))

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"greeting": ["hi"]}, "greeting: Extra inputs are not permitted"),
            ({"passed_on": None}, "passed_on: Field required"),
            ({"passed_on": []}, "passed_on: List should have at least 1 item"),
            ({"passed_on": "hi"}, "passed_on: Input should be a valid list"),
            ({"passed_on": [7]}, "passed_on.0: Input should be a valid string"),
            ({"passed_on": ["  "]}, "passed_on.0: "),
            ({"passed_on": ["x" * 1_201]}, "passed_on.0: String should have at most 1200 characters"),
            ({"default_tip": "x" * 301}, "default_tip: String should have at most 300 characters"),
        ],
        ids=["unknown", "missing", "none", "no list", "no text", "blank", "too long", "long tip"],
    )
    def test_a_wrong_entry_is_named(self, tmp_path: Path, changes: dict[str, object], said: str) -> None:
        assert said in refusal(written(tmp_path, **changes))

    @pytest.mark.parametrize("text", ["", "- one\n- two\n", "hello\n"], ids=["empty", "a list", "a text"])
    def test_a_file_of_another_shape_says_what_it_should_be(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "replies.yaml"
        path.write_text(text, "utf-8")
        said = refusal(path)
        assert ": :" not in said
        assert "mapping" in said

    def test_an_encoding_that_is_not_utf_8_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "replies.yaml"
        path.write_bytes("default_tip: 'naïve'".encode("latin-1"))
        assert "UTF-8" in refusal(path)


class TestWriting:
    def test_fills_what_it_is_given(self) -> None:
        said = replies(passed_on=["{member}: {reason}"]).write("passed_on", 0, member="Ada", reason="urgent")
        assert said == "Ada: urgent"

    def test_shows_the_default_tip_without_one_of_the_channel(self) -> None:
        some = replies(default_tip="Look up.", passed_on=["Hi. {tip}"])
        assert some.write("passed_on", 0) == "Hi. Look up."
        assert some.write("passed_on", 0, tip="Look down.") == "Hi. Look down."

    def test_an_empty_tip_leaves_no_hole(self) -> None:
        assert replies(passed_on=["Hi. {tip} Bye. {tip}"]).write("passed_on", 0) == "Hi. Bye."

    def test_the_same_key_has_the_same_words_and_every_variant_its_turn(self) -> None:
        some = replies(passed_on=["a", "b", "c"])
        said = [some.write("passed_on", key) for key in range(6)]
        assert said == ["a", "b", "c", "a", "b", "c"]

    def test_a_value_is_never_a_template(self) -> None:
        said = replies(passed_on=["{member} {reason}"]).write(
            "passed_on", 0, member="{reason}{tip}", reason="urgent"
        )
        assert said == "{reason}{tip} urgent"

    @pytest.mark.parametrize("mention", ["@everyone", "@here", "<@123>", "<@!123>", "<@&123>"])
    def test_mentions_are_defused_wherever_they_come_from(self, mention: str) -> None:
        said = replies(passed_on=[f"{mention} {{member}}"]).write("passed_on", 0, member=mention)
        assert mention not in said
        assert said.count("\u200b") == 2

    def test_channels_and_links_stay_usable(self) -> None:
        link = "https://discord.com/channels/1400000000000000001/1400000000000000101/1477658419200000000"
        said = replies(staff_alert=["{channel}: {link}"]).write(
            "staff_alert", 0, channel="<#1400000000000000101>", link=link
        )
        assert said == f"<#1400000000000000101>: {link}"

    def test_secrets_do_not_leave(self) -> None:
        token = "ghp_" + "a1B2" * 9
        assert token not in replies(passed_on=["{reason}"]).write("passed_on", 0, reason=f"key {token}")

    @given(st.text(max_size=80), st.text(max_size=80), st.integers(0, 2**64))
    def test_no_name_and_no_tip_can_break_it(self, member: str, tip: str, key: int) -> None:
        some = replies(passed_on=["Hi {member}. {tip}", "{tip} {member}"])
        said = some.write("passed_on", key, member=member, tip=tip)
        assert "@everyone" not in said
        assert "@here" not in said
        assert len(said) < 400
