"""What a command ends with when it cannot do what was asked: a line for a person, often a hint, and an exit code."""

FAILED = 1
USAGE = 2
CHANGES = 2
TIMED_OUT = 3
INTERRUPTED = 130

# What the codes mean, for `mistralctl --help` and docs/cli.md.
EXIT_CODES: dict[int, str] = {
    0: "done; for watch and run: the execution ended in SUCCESS; for apply --dry-run: nothing would change",
    FAILED: "it failed: the mesh refused it, could not be reached, or what was watched ended badly",
    USAGE: "the command line or a local file is wrong; for apply --dry-run and diff: something would change",
    TIMED_OUT: "the time of --timeout or --wait is over; what was waited for goes on",
    INTERRUPTED: "stopped by Ctrl-C; what was watched goes on",
}


class CommandError(Exception):
    """Ends the command with a message, a hint if there is one, and an exit code."""

    def __init__(self, message: str, exit_code: int = FAILED, *, hint: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.hint = hint


def explain(error: Exception) -> CommandError | None:
    """Put an error that we expect into words for a person; None for any other, which is a bug of ours."""
    # Only what was loaded can have raised: nothing is imported for the sake of the question.
    match error:
        case CommandError():
            return error
        case OSError() if error.filename:
            return CommandError(f"{error.filename}: {error.strerror}")
    kinds = {kind.__module__.partition(".")[0] + "." + kind.__name__ for kind in type(error).__mro__}
    if "grpc.RpcError" in kinds:
        return _of_call(error)
    if "mistral_mesh.MeshError" in kinds or "mistral_core.WorkflowError" in kinds:
        return CommandError(str(error))
    return None


def code_name(error: Exception) -> str:
    """Return the name of the status of a failed call, such as ``NOT_FOUND``."""
    code = getattr(error, "code", lambda: None)()
    return str(getattr(code, "name", ""))


def _of_call(error: Exception) -> CommandError:
    details = getattr(error, "details", lambda: "")() or str(error)
    match code_name(error):
        case "DEADLINE_EXCEEDED":
            return CommandError("the mesh did not answer in time", TIMED_OUT, hint="allow it more by --timeout SECONDS")
        case "UNIMPLEMENTED":
            return CommandError(
                f"the mesh does not know this call: {details}", hint="it may be of an older version than this program"
            )
        case "UNAUTHENTICATED":
            hint = "give a key by MISTRAL_API_KEY, or keep one: `mistralctl config set NAME api_key=KEY`"
            return CommandError(details, hint=hint)
        case "RESOURCE_EXHAUSTED" if "message" in details and "larger than max" in details:
            return CommandError(f"too large to be sent: {details}")
        case "INTERNAL" if "reference" in details:
            return CommandError(details, hint="the log of the gateway says more under that reference")
        case "CANCELLED":
            return CommandError("the call was cancelled")
        case _:
            return CommandError(details)
