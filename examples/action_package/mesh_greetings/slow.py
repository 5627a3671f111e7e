"""An action that is a plain ``def``: it may block, because it is run in a thread."""

from mistral_executor.actions import ActionContext


def slow(context: ActionContext, name: str, seconds: float = 0.1) -> str:
    """Greets somebody after a while, or not at all when nobody waits any more."""
    if context.cancel.wait(seconds):
        return "never mind"
    return f"Hello at last, {name}!"
