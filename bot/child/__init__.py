"""Processes of the bot's own for what would hold the event loop, spoken to in frames over pipes."""
