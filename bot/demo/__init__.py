"""`python run.py demo`: the real bot, as a child process, on a loopback Discord that is another one."""


def main(argv: list[str]) -> int:
    """Run the demo; return 0, 1 when something failed, 2 for wrong options, 130 when interrupted."""
    from bot.demo.command import run_command

    return run_command(argv)
