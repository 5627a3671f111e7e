"""A generated client runs one scenario against a mesh: ``client.py ADDRESS PLAN.json``.

It prints what it saw as one JSON object. The stubs are those of ``gen/``, which ``build.sh`` makes.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path

GENERATED = Path(__file__).resolve().parent / "gen"
sys.path.insert(0, str(GENERATED))

import grpc  # noqa: E402
from google.protobuf.duration_pb2 import Duration  # noqa: E402
from google.rpc import error_details_pb2  # noqa: E402
from grpc_status import rpc_status  # noqa: E402

from mistral.v1 import execution_service_pb2 as executions  # noqa: E402
from mistral.v1 import state_pb2 as states  # noqa: E402
from mistral.v1 import task_service_pb2 as tasks  # noqa: E402
from mistral.v1 import workflow_service_pb2 as workflows  # noqa: E402
from mistral.v1.execution_service_pb2_grpc import ExecutionServiceStub  # noqa: E402
from mistral.v1.task_service_pb2_grpc import TaskServiceStub  # noqa: E402
from mistral.v1.workflow_service_pb2_grpc import WorkflowServiceStub  # noqa: E402

assert Path(executions.__file__).is_relative_to(GENERATED), f"not generated here: {executions.__file__}"

SECONDS = 60
WAIT = Duration()
WAIT.FromTimedelta(timedelta(seconds=30))


class Scenario:
    """One run; every method is a step and returns its part of the report."""

    def __init__(self, channel: grpc.Channel, plan: dict) -> None:
        self.workflows = WorkflowServiceStub(channel)
        self.executions = ExecutionServiceStub(channel)
        self.tasks = TaskServiceStub(channel)
        self.plan = plan
        self.id = ""

    def report(self) -> dict:
        """Run all steps, in their order."""
        steps = (self.define, self.start, self.watch, self.list_tasks, self.steer, self.fail, self.remove)
        return {key: value for step in steps for key, value in step().items()}

    def define(self) -> dict:
        request = workflows.CreateWorkflowsRequest(definition=self.plan["definition"])
        created = self.workflows.CreateWorkflows(request, timeout=SECONDS)
        return {"versions": [str(workflow.version) for workflow in created.workflows]}

    def start(self) -> dict:
        """Start twice under one key, which makes one execution, and wait for its end."""
        request = executions.StartExecutionRequest(
            workflow=self.plan["workflow"], input=self.plan["input"], request_id=self.plan["request_id"]
        )
        started = self.executions.StartExecution(request, timeout=SECONDS).execution
        request.wait.CopyFrom(WAIT)
        repeated = self.executions.StartExecution(request, timeout=SECONDS).execution
        self.id = started.id
        output = json.loads(repeated.output)
        return {
            "started_id": started.id,
            "repeated_id": repeated.id,
            "state": states.State.Name(repeated.state),
            "output": repeated.output,
            "greeting": output["greeting"],
            "next": str(output["next"]),
        }

    def watch(self) -> dict:
        """Read the events to the end, and once more those after the second one."""
        events = self.events(0)
        return {"events": events, "resumed_events": self.events(int(events[1]["position"]))}

    def events(self, after: int) -> list:
        request = executions.WatchExecutionRequest(id=self.id, after_position=after)
        return [
            {"position": str(answer.event.position), "type": answer.event.type, "task": answer.event.task_name}
            for answer in self.executions.WatchExecution(request, timeout=SECONDS)
        ]

    def list_tasks(self) -> dict:
        request = tasks.ListTasksRequest(execution_id=self.id, page_size=self.plan["page_size"])
        pages = []
        while True:
            page = self.tasks.ListTasks(request, timeout=SECONDS)
            pages.append([task.name for task in page.tasks])
            request.page_token = page.next_page_token
            if not request.page_token:
                return {"task_pages": pages}

    def steer(self) -> dict:
        """Pause, resume and cancel an execution that would run for ever."""
        start = executions.StartExecutionRequest(workflow=self.plan["held"])
        held = self.executions.StartExecution(start, timeout=SECONDS).execution.id
        watch = executions.WatchExecutionRequest(id=held)
        late = fault(lambda: list(self.executions.WatchExecution(watch, timeout=0.3)))
        pause = executions.PauseExecutionRequest(id=held)
        paused = self.executions.PauseExecution(pause, timeout=SECONDS).execution
        resume = executions.ResumeExecutionRequest(id=held)
        resumed = self.executions.ResumeExecution(resume, timeout=SECONDS).execution
        stop = executions.StopExecutionRequest(id=held, state=states.STATE_CANCELLED, message=self.plan["reason"])
        stopped = self.executions.StopExecution(stop, timeout=SECONDS).execution
        self.executions.DeleteExecution(executions.DeleteExecutionRequest(id=held), timeout=SECONDS)
        return {
            "late": late["code"],
            "steered": [states.State.Name(each.state) for each in (paused, resumed, stopped)],
            "reason": stopped.state_info,
        }

    def fail(self) -> dict:
        faulty = workflows.CreateWorkflowsRequest(definition=self.plan["faulty"])
        missing = executions.GetExecutionRequest(id=self.plan["unknown"])
        return {
            "faulty": fault(lambda: self.workflows.CreateWorkflows(faulty, timeout=SECONDS)),
            "missing": fault(lambda: self.executions.GetExecution(missing, timeout=SECONDS)),
        }

    def remove(self) -> dict:
        self.executions.DeleteExecution(executions.DeleteExecutionRequest(id=self.id), timeout=SECONDS)
        for name in (self.plan["workflow"], self.plan["held"]):
            self.workflows.DeleteWorkflow(workflows.DeleteWorkflowRequest(identifier=name), timeout=SECONDS)
        execution = executions.GetExecutionRequest(id=self.id)
        workflow = workflows.GetWorkflowRequest(identifier=self.plan["workflow"])
        gone = fault(lambda: self.executions.GetExecution(execution, timeout=SECONDS))
        undefined = fault(lambda: self.workflows.GetWorkflow(workflow, timeout=SECONDS))
        return {"deleted": [gone["code"], undefined["code"]]}


def fault(call) -> dict:
    """Make a call that fails, and read all that its error says."""
    try:
        call()
    except grpc.RpcError as error:
        said = {"code": error.code().name}
        status = rpc_status.from_call(error)
        for detail in status.details if status else ():
            info, wrong = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                said |= {"reason": info.reason, "domain": info.domain, "line": info.metadata.get("line", "")}
            elif detail.Unpack(wrong):
                for violation in wrong.field_violations:
                    said |= {"field": violation.field, "description": violation.description}
        return said
    return {"code": "OK"}


if __name__ == "__main__":
    with grpc.insecure_channel(sys.argv[1]) as opened:
        json.dump(Scenario(opened, json.loads(Path(sys.argv[2]).read_text())).report(), sys.stdout)
