"""The program ``mistralctl``: runs a command and turns what goes wrong into a line, a hint and an exit code."""

import os
import sys


def main() -> None:
    """Run the command of the command line; never returns."""
    try:
        _run()
    except KeyboardInterrupt:
        from mistral_cli.errors import INTERRUPTED

        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough; there is nobody to complain to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        _end(error)


def _run() -> None:
    from mistral_cli.overview import COMPLETION, is_asked_for, overview

    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version

        print(f"mistralctl {version('mistral-cli')}")
        sys.exit(0)
    if is_asked_for(sys.argv[1:]):
        from mistral_cli.table_of_commands import COMMANDS

        sys.stdout.write(overview(COMMANDS))
        sys.stdout.flush()
        sys.exit(0 if sys.argv[1:] else 2)
    from mistral_cli.app import app

    if COMPLETION in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    app()


def _end(error: Exception) -> None:
    from mistral_cli.errors import INTERRUPTED, explain
    from mistral_cli.terminal import harmless, styled

    explained = explain(error)
    if explained is None:
        raise error
    # Who pressed Ctrl-C made no error.
    title = "" if explained.exit_code == INTERRUPTED else styled("error:", "bold red", sys.stderr) + " "
    print(f"{title}{harmless(str(explained))}", file=sys.stderr)
    if explained.hint:
        print(f"{styled('hint:', 'bold', sys.stderr)} {harmless(explained.hint)}", file=sys.stderr)
    sys.exit(explained.exit_code)


if __name__ == "__main__":
    main()
