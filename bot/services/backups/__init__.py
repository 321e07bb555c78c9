"""Backups of everything the bot keeps, and their way back."""
