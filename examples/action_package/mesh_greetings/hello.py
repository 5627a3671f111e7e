"""An action that is an ``async def``: the usual form."""

from mistral_executor.actions import ActionContext, ActionError, action


@action(idempotent=True)
async def hello(context: ActionContext, name: str, polite: bool = False) -> dict[str, str]:
    """Greets somebody by name."""
    if not name:
        raise ActionError({"reason": "there is nobody to greet"})
    words = "Good day" if polite else "Hello"
    return {"greeting": f"{words}, {name}!", "for": context.workflow_name}
