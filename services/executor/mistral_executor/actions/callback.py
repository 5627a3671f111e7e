"""What tells the receiver of a message which action execution waits for it, and where to report."""

from mistral_executor.actions.context import ActionContext


def callback_headers(context: ActionContext) -> dict[str, str]:
    """Headers of a message whose receiver completes the action; those without a value are left out."""
    known = {
        "Mistral-Workflow-Name": context.workflow_name,
        "Mistral-Workflow-Execution-Id": context.execution_id,
        "Mistral-Task-Id": context.task_id,
        "Mistral-Action-Execution-Id": context.action_id,
        "Mistral-Callback-URL": f"/v2/action_executions/{context.action_id}",
    }
    return {name: value for name, value in known.items() if value}
