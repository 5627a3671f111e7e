"""What a command ends with when it cannot do what was asked: one line for a person and an exit code."""

FAILED = 1
USAGE = 2
INTERRUPTED = 130


class CommandError(Exception):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


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
        return CommandError(_of_call(error))
    if "mistral_mesh.MeshError" in kinds or "mistral_core.WorkflowError" in kinds:
        return CommandError(str(error))
    return None


def _of_call(error: Exception) -> str:
    code = getattr(error, "code", lambda: None)()
    details = getattr(error, "details", lambda: "")() or str(error)
    match getattr(code, "name", ""):
        case "DEADLINE_EXCEEDED":
            return "the mesh did not answer in time"
        case "UNIMPLEMENTED":
            return f"the mesh does not know this call: {details}"
        case _:
            return details
