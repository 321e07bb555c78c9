"""Every command says what it is for."""

from discord import app_commands

from bot.core.client import Bot
from cogs.help.listing import TOPICS, all_commands, entry_of

UNSAID = ("…", "")


async def test_no_command_option_or_menu_lacks_a_description(bot: Bot) -> None:
    commands = all_commands(bot.tree)
    assert len(commands) > 50
    for command in commands:
        entry = entry_of(command, {})
        assert entry.description not in UNSAID, entry.name
        assert len(entry.description) <= 100, entry.name
        assert entry.topic in TOPICS
        for option in entry.options:
            assert str(option.description) not in UNSAID, f"{entry.name} {option.name}"
    for each in bot.tree.walk_commands():
        if isinstance(each, app_commands.Group):
            assert each.description not in UNSAID, each.qualified_name
