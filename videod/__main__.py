"""`python -m videod`, and the program `videod`."""

import sys


def main() -> None:
    """Run the command line. Signals count before its code is read, which takes a while: none of them is a traceback."""
    try:
        _hear(sys.argv[1:])
        from videod.cli.main import main as run

        run()
    except KeyboardInterrupt as ended:  # a daemon that is stopped has done what it should
        raise SystemExit(0 if type(ended).__name__ == "Stopped" else 130) from None


def _hear(argv: list[str]) -> None:
    if argv[:1] in (["run"], ["report-death"]):
        from videod.daemon import signals

        signals.hear(hangup_stops="--sandbox" in argv)
    else:
        from videod.cli import interrupts

        interrupts.hear()


if __name__ == "__main__":
    main()
