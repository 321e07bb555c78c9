"""`python run.py evaluate`: how well the bot judges, measured on messages that other people wrote."""


def main(argv: list[str]) -> int:
    """Run the evaluation; return 0, 1 below a floor, 2 for wrong options or data, 130 when interrupted."""
    from bot.evaluation.command import run_command

    return run_command(argv)
