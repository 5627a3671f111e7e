"""Sub-workflows as their parents begin them: which definition, and with what."""

from mistral_core.machine.command import StartChild
from mistral_core.machine.event import Start
from mistral_core.machine.execution import Execution, Parent
from mistral_engine.definitions import Definition, wanted
from mistral_persistence.definitions import Wanted


def child_start(parent: Execution, command: StartChild, definition: Definition, at: int) -> Start:
    inherited = {key: parent.params[key] for key in ("notify",) if key in parent.params}
    priority = parent.tasks[command.task_id].children[command.child_id].priority
    if priority is not None:
        inherited["priority"] = priority
    return Start(
        at=at,
        id=command.child_id,
        root_id=parent.root_id,
        partition=parent.partition,
        project=parent.project,
        definition=definition.workflow,
        workflow_id=definition.id,
        workflow_version=definition.version,
        workflow_name=definition.name,
        workflow_namespace=parent.workflow_namespace,
        workbook=definition.workbook,
        parent=Parent(execution_id=parent.id, task_id=command.task_id, index=command.index),
        description="sub-workflow execution",
        input=command.input,
        params={"namespace": parent.workflow_namespace, **inherited},
        root_env=parent.env,
    )


def wanted_by(parent: Execution, command: StartChild) -> Wanted:
    return wanted(parent.project, command.workflow, parent.workflow_namespace, workbook=parent.workbook)
