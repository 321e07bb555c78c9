"""What tests of plugins need: `async with on_trial(FOLDER) as trial`.

The plugin runs in the bot's own service, with its rules and limits and a database in a file; what Discord and
language models would do is written down, or answered by the test.
"""

from bot.services.plugins.trial import Trial, on_trial
from bot.services.plugins.trial_parts import CHANNEL, GUILD, MEMBER, STAFF, Answers, Said

__all__ = ["CHANNEL", "GUILD", "MEMBER", "STAFF", "Answers", "Said", "Trial", "on_trial"]
