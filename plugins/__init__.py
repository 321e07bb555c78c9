"""Plugins: each in a folder of its own, see docs/PLUGINS.md."""
