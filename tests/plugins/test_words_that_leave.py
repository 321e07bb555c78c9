"""What plugins say keeps members' ids and loses secrets; what they log loses both."""

from bot.logs import Masker


def test_members_are_named_in_posts_and_not_in_the_log() -> None:
    mask = Masker(["hunter2hunter2"])
    text = "<@123456789012345678> wrote hunter2hunter2 with Bearer abcdefghijklmnopqrstuvwx"
    assert mask.secrets(text) == "<@123456789012345678> wrote [secret] with Bearer [secret]"
    assert mask(text) == "<@[secret]> wrote [secret] with Bearer [secret]"
