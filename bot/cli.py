"""The commands behind `python run.py`."""

import gc
import os
import sys
from importlib import import_module
from typing import Annotated

import typer

from bot import __version__
from bot.domain.errors import StartupError
from bot.domain.invite import PERMISSION_BITS, PRIVILEGED, invite_link
from bot.settings import Settings, load_settings

NO_TOKEN, INTERRUPTED = 2, 130  # exit codes
# Words of other programs: handed on as they are, --help too.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

gc.disable()  # nothing that is imported becomes garbage; on again when a command has what it needs

app = typer.Typer(
    help="Lookout watches over your Discord server. Without a command it starts the bot."
    " `run.py setup` only installs what is missing, `run.py test` runs the tests.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        app(arguments, prog_name="run.py")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Start the bot when no command is given."""
    if context.invoked_subcommand is None:
        raise typer.Exit(start())


@app.command()
def run() -> None:
    """Start the bot (the same as no command)."""
    raise typer.Exit(start())


@app.command(context_settings=PASS_ON)
def demo(context: typer.Context) -> None:
    """Try the bot without a token, on a Discord of its own."""
    raise typer.Exit(import_module("bot.demo").main(context.args))


@app.command(context_settings=PASS_ON)
def bench(context: typer.Context) -> None:
    """Measure: `bench ingest`, `latency`, `startup`, `llm`, `tickets` or `activity`."""
    raise typer.Exit(_become("-m", "benchmarks", *context.args))


@app.command(context_settings=PASS_ON)
def evaluate(context: typer.Context) -> None:
    """Measure how well the bot judges, on real messages."""
    raise typer.Exit(import_module("bot.evaluation").main(context.args))


@app.command("train-heads", context_settings=PASS_ON)
def train_heads(context: typer.Context) -> None:
    """Train the heads that judge messages anew (needs the evaluation data)."""
    raise typer.Exit(import_module("bot.training.command").main(context.args))


@app.command()
def pull(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names from Ollama's library (default: those in the settings)")
    ] = None,
) -> None:
    """Fetch the language models that the settings name, by Ollama."""
    try:
        settings = load_settings()
    except StartupError as error:
        typer.echo(f"Can't pull: {error}", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(import_module("bot.llm.pull").run_pull(settings.llm, models or ()))


@app.command()
def backup(
    file: Annotated[str | None, typer.Argument(help="Where to (default: a new file in data/backups)")] = None,
    config: Annotated[bool, typer.Option(help="Keep config/ too; .env never")] = True,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite FILE")] = False,
) -> None:
    """Copy everything the bot keeps into one file; it may be running."""
    raise typer.Exit(import_module("bot.backup_commands").run_backup(file, config=config, replace=replace))


@app.command()
def restore(
    file: Annotated[str, typer.Argument(help="What `backup` wrote")],
    config: Annotated[bool, typer.Option("--config", help="Put config/ back, too")] = False,
) -> None:
    """Put a backup back; the bot must be stopped. What is there now is kept."""
    raise typer.Exit(import_module("bot.backup_commands").run_restore(file, config=config))


LARGEST_ID = 2**63 - 1
GuildId = Annotated[
    int | None,
    typer.Option("--guild", min=1, max=LARGEST_ID, help="The server's id (default: the only one)"),
]


@app.command()
def export(
    file: Annotated[str, typer.Argument(help="Where to, for example my-server.json")],
    guild: GuildId = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite FILE")] = False,
) -> None:
    """Write one server's settings and training to a JSON file; the bot may be running."""
    raise typer.Exit(import_module("bot.backup_commands").run_export(file, guild, replace=replace))


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(help="What `export` wrote")],
    guild: Annotated[
        int | None,
        typer.Option("--guild", min=1, max=LARGEST_ID, help="Another server's id (default: the file's)"),
    ] = None,
) -> None:
    """Set one server as a JSON file says; the bot must be stopped."""
    raise typer.Exit(import_module("bot.backup_commands").run_import(file, guild))


@app.command()
def doctor() -> None:
    """Check everything the bot needs and say what to fix."""
    from bot.doctor import run_doctor

    raise typer.Exit(run_doctor())


@app.command("new-plugin")
def new_plugin(name: Annotated[str, typer.Argument(help="Small letters, digits and _")]) -> None:
    """Make a plugin that works, with its test: docs/PLUGINS.md."""
    from bot.plugin_template import make_plugin

    try:
        folder = make_plugin(name, load_settings().plugins.folder)
    except StartupError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{folder}: manifest.toml, plugin.py and its test. Try it:")
    typer.echo(f"  python run.py python -m pytest {folder}")
    typer.echo(f"  start the bot, then in your server: /plugins enable {name}")


@app.command()
def version(short: Annotated[bool, typer.Option(help="The number only")] = False) -> None:
    """Show the versions that matter in a bug report."""
    import platform
    from importlib.metadata import version as installed

    from bot.abilities import describe_abilities

    if short:
        typer.echo(__version__)
        return
    typer.echo(f"Lookout {__version__}, {describe_abilities()}")
    typer.echo(
        f"Python {platform.python_version()} on {platform.system()}, discord.py {installed('discord.py')}"
    )


def start() -> int:
    """Start the bot and return the exit code: 0, 1 on an error that was shown, 2 without a token."""
    try:
        settings = load_settings()
        if settings.discord.token is None:
            typer.echo(how_to_get_a_token(settings), err=True)
            return NO_TOKEN
        from bot.logs import setup_logging

        setup_logging(settings.log, settings.secrets())
        return _run_app(settings)
    except StartupError as error:
        typer.echo(f"Lookout can't start: {error}", err=True)
        return 1
    except KeyboardInterrupt:  # before there is anything to stop in good order
        return INTERRUPTED


def _run_app(settings: Settings) -> int:
    from loguru import logger

    try:
        code: int = import_module("bot.app").run(settings)
    except StartupError:
        raise
    except Exception:  # noqa: BLE001 - the log masks secrets in the traceback, Python itself would not
        logger.opt(exception=True).critical("Lookout stopped: an error nobody expected")
        return 1
    return code


def how_to_get_a_token(settings: Settings) -> str:
    """Return the way from nothing to a running bot."""
    switches = " and ".join(PRIVILEGED[name] for name in settings.gateway_intents if name in PRIVILEGED)
    intents = ", ".join(settings.gateway_intents)
    return f"""Lookout needs the token of a Discord bot, and none is set.

  1. Open https://discord.com/developers/applications and choose New Application.
  2. On its Bot page, switch on {switches}, then choose Reset Token and copy it.
  3. Copy .env.example to .env and put the token there: DISCORD_BOT_TOKEN=...
  4. Invite the bot to your server:
     {invite_link(settings.discord.application_id)}
  5. Start again: python run.py

It asks for these permissions: {", ".join(PERMISSION_BITS)}
and these gateway intents: {intents}.
{_id_hint(settings)}
To try it first, without a token: python run.py demo"""


def _id_hint(settings: Settings) -> str:
    if settings.discord.application_id:
        return ""
    return "YOUR_APPLICATION_ID is on the General Information page; DISCORD_APP_ID in .env fills it in.\n"


def _become(*arguments: str) -> int:
    command = [sys.executable, *arguments]
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 - there is no shell to want
    import subprocess

    return subprocess.run(command, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
