"""The program ``mistralctl``: runs a command and turns what goes wrong into one line and an exit code."""

import os
import sys

from mistral_cli.app import app
from mistral_cli.errors import INTERRUPTED, explain


def main() -> None:
    """Run the command of the command line; never returns."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough; there is nobody to complain to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        print(f"error: {explained}", file=sys.stderr)
        sys.exit(explained.exit_code)


if __name__ == "__main__":
    main()
