"""`/config show` as people read it."""

from typing import Any, cast

from bot.db.database import Database
from bot.services.configuration.service import Configuration
from bot.services.configuration.settings import Kind, Setting
from cogs.admin.settings_embeds import all_embed

TOPICS = [f"topic{number}" for number in range(12)]


async def nothing(_guild_id: int) -> dict[str, Any]:
    return {}


def test_no_topic_is_missing_however_much_was_chosen(database: Database) -> None:
    """Discord takes 6,000 characters: what doesn't fit is counted, and `/config show topic` has it."""
    configuration = Configuration(database)
    settings = [
        Setting(key=f"{topic}.{number}", kind=Kind.TEXT, write=None, title=f"Setting {number}")
        for topic in TOPICS
        for number in range(5)
    ]
    configuration.add(settings, nothing)
    embed = all_embed(configuration, {each.key: "x" * 250 for each in settings}, cast("Any", None))
    assert [field.name for field in embed.fields] == [each.capitalize() for each in TOPICS]
    assert embed.fields[-1].value == "… and 5 more"
    assert len(embed) <= 6_000
