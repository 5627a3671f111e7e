"""Many executions at once, by a filter: counted and asked for first, then changed by the mesh, with progress."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mistral_cli.bulk import confirmed
from mistral_cli.connection import Mesh
from mistral_cli.errors import INTERRUPTED, CommandError
from mistral_cli.options import Format
from mistral_cli.printing import done, dump, note
from mistral_cli.progress.bar import Bar

if TYPE_CHECKING:
    from mistral_cli.commands.steering import Steering

# The mesh takes no more at once.
_MOST = 100_000


def change_fitting(mesh: Mesh, steering: "Steering", condition: str, yes: bool, output: Format) -> None:
    """Do it to all executions that fit, and tell how many they were.

    Raises:
        CommandError: If some could not be changed, it was interrupted, or a person said no.
    """
    call = getattr(mesh.execution_bulk, f"Bulk{steering.operation.capitalize()}Executions")
    selection = {"filter": condition, "limit": _MOST}
    if not yes:
        counted = next(iter(call(selection={**selection, "validate_only": True}, **steering.fields))).progress
        if counted.matched:
            confirmed(f"{steering.verb} {_executions(counted.matched)}", yes)
    last, failures = _performed(call(selection=selection, **steering.fields), steering)
    if output is not Format.TABLE:
        dump(
            {"matched": last.matched, "succeeded": last.succeeded, "failed": last.failed, "failures": failures}, output
        )
    else:
        done(f"{steering.past} {_executions(last.succeeded)}")
    if last.limited:
        note("more fit; the same command goes on with them")
    if last.failed:
        raise CommandError(f"{last.failed} of {last.matched} failed")


def _performed(answers: Iterable[Any], steering: "Steering") -> tuple[Any, list[dict[str, str]]]:
    failures: list[dict[str, str]] = []
    progress: Any = None
    bar = Bar(0)
    try:
        for answer in answers:
            progress = answer.progress
            bar = bar if bar.steps else Bar(progress.matched)
            bar.step(to=progress.succeeded + progress.failed)
            for failure in progress.failures:
                failures.append({"id": failure.id, "error": failure.error.message})
                bar.told(f"error: execution {failure.id}: {failure.error.message}", error=True)
    except KeyboardInterrupt:
        reached = progress.succeeded if progress else 0
        raise CommandError(f"stopped: {steering.past} {_executions(reached)}", INTERRUPTED) from None
    finally:
        bar.clear()
    return progress, failures


def _executions(count: int) -> str:
    return f"{count} execution" if count == 1 else f"{count} executions"
