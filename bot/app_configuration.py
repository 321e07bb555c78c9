"""The part of the composition root that puts together the settings of servers."""

from bot.db.database import Database
from bot.services.configuration import builtin
from bot.services.configuration.builtin_tickets import add_ticket_settings
from bot.services.configuration.service import Configuration
from bot.services.configuration.watch import SettingsWatch
from bot.services.guilds import GuildService
from bot.services.statistics.service import StatisticsService
from bot.services.summaries.service import Summaries
from bot.services.tickets.service import TicketService


def build_configuration(
    database: Database,
    watch: SettingsWatch,
    guilds: GuildService,
    tickets: TicketService,
    summaries: Summaries,
    statistics: StatisticsService,
) -> Configuration:
    """Return every setting there is, and have `watch` keep what is in memory up to date."""
    configuration = Configuration(database)
    builtin.add_guild_settings(configuration, guilds, tickets)
    add_ticket_settings(configuration, tickets)
    builtin.add_summary_settings(configuration, summaries.settings)
    builtin.add_alert_settings(configuration, summaries.alerts.settings)
    builtin.add_statistics_settings(configuration, statistics.activity)
    watch.add({
        "server.": guilds.reload,
        "server.staff_role": tickets.settings.reload,
        "replies.": guilds.reload,
        "channels.": guilds.reload,
        "tickets.": tickets.settings.reload,
        "summaries.": summaries.settings.reload,
        "alerts.": summaries.alerts.settings.reload,
    })  # fmt: skip
    return configuration
