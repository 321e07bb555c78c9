"""Builds the admin API and starts it."""

from contextlib import AsyncExitStack

from loguru import logger

from bot.app_life import is_connected
from bot.core.client import Bot, Services
from bot.db.database import Database
from bot.services.stories import HealthService
from bot.settings import ApiSettings


async def start_api(
    stack: AsyncExitStack, settings: ApiSettings, database: Database, services: Services, bot: Bot
) -> None:
    """Start the API if the settings want it; it stops with `stack`."""
    if not settings.enabled:
        return
    from bot.api.app import create_app
    from bot.api.dependencies import ApiDependencies
    from bot.api.server import ApiServer

    health = HealthService(
        database,
        services.ingest,
        lambda: is_connected(bot),
        lambda: services.knowledge.is_ready,
    )
    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    api = ApiServer(
        create_app(ApiDependencies(services.metrics, health, services.stories, token)),
        settings.host,
        settings.port,
    )
    await api.start()
    stack.push_async_callback(api.stop)
    logger.info("Admin API at {}", api.url)
