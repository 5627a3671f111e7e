"""The same thing done to many: asked for first where it destroys, with progress, going on where one fails."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mistral_cli.errors import FAILED, INTERRUPTED, USAGE, CommandError, code_name, explain
from mistral_cli.printing import done
from mistral_cli.progress.bar import Bar


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of them, in a word or two such as ``removed``."""

    text: str


def confirmed(what: str, yes: bool) -> None:
    """Ask a person whether to go on; go on at once if that was said before.

    Raises:
        CommandError: As a usage error, if nobody is there to be asked, or it is not wanted.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(f"--yes is needed to {what} without being asked", USAGE)
    print(f"{what}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was done", USAGE)


def performed(name: str, keys: Sequence[str], one: Callable[[str], Outcome]) -> None:
    """Do it to each; tell each outcome and go on where one fails.

    Args:
        name: How one is called in what is told, with ``{}`` for its key.

    Raises:
        CommandError: If some failed, or it was interrupted.
    """
    failed = count = 0
    with Bar(len(keys)) as bar:
        try:
            for key in keys:
                try:
                    outcome = one(key)
                except Exception as error:
                    if (explained := explain(error)) is None:
                        raise
                    if len(keys) == 1 or code_name(error) == "UNAVAILABLE":
                        raise
                    failed += 1
                    bar.told(f"error: {name.format(key)}: {explained}", error=True)
                else:
                    bar.clear()
                    done(f"{outcome.text} {name.format(key)}")
                count += 1
                bar.step()
        except KeyboardInterrupt:
            raise CommandError(f"stopped after {count} of {len(keys)}; the rest is as it was", INTERRUPTED) from None
    if failed:
        raise CommandError(f"{failed} of {len(keys)} failed", FAILED)
