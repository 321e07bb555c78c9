"""`python -m benchmarks NAME`, what `python run.py bench` runs."""

import argparse
import sys
from collections.abc import Sequence

from benchmarks import activity, erasing, ingest, latency, llm, startup, summary, tickets
from benchmarks.children import MeasurementError

_COMMANDS = {
    "ingest": ingest,
    "latency": latency,
    "startup": startup,
    "llm": llm,
    "tickets": tickets,
    "summary": summary,
    "activity": activity,
    "erasing": erasing,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one measurement and return its exit code: 0 measured, 1 not."""
    parser = argparse.ArgumentParser(
        prog="python run.py bench", description="Measure the bot on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in _COMMANDS.items():
        about = (module.__doc__ or "").partition("\n")[0]
        module.add_arguments(commands.add_parser(name, help=about, description=about))
    arguments = parser.parse_args(argv)
    try:
        code: int = _COMMANDS[arguments.command].run(arguments)
    except MeasurementError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
