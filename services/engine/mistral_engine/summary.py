"""What callers are told: an execution in short, or why not."""

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral_core.errors import WorkflowError
from mistral_core.machine.execution import Execution
from mistral_persistence.records import to_json, to_text

_LARGEST_OUTPUT = 32 * 1024


def summary_of(execution: Execution) -> pb.ExecutionSummary:
    """Return an execution as it stands; its output if it is final and the output not large."""
    output = None if execution.finished_at is None else to_json(execution.output).encode()
    return pb.ExecutionSummary(
        id=execution.id,
        state=execution.state.value,
        state_info=to_text(execution.state_info or ""),
        workflow_id=execution.workflow_id,
        workflow_version=execution.workflow_version,
        workflow_name=execution.workflow_name,
        workflow_namespace=execution.workflow_namespace,
        description=to_text(execution.description),
        tags=execution.tags,
        project_id=execution.project,
        input=to_json(execution.input).encode(),
        params=to_json(execution.params).encode(),
        root_execution_id=execution.root_id,
        task_execution_id=execution.parent.task_id if execution.parent else "",
        created_at_micros=execution.created_at,
        updated_at_micros=execution.updated_at,
        published_global=to_json(execution.globals).encode(),
        output=output if output is not None and len(output) <= _LARGEST_OUTPUT else None,
        finished_at_micros=execution.finished_at or 0,
    )


def refusal_of(error: WorkflowError) -> pb.Refusal:
    """Return the reason why something was not done."""
    return pb.Refusal(error=type(error).__name__, message=error.message)
