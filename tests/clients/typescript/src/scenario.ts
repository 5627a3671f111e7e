// The scenario: every method of it is a step and returns its part of the report.

import { parse } from "lossless-json";

import {
  DeleteExecutionRequest,
  ExecutionServiceClient,
  GetExecutionRequest,
  PauseExecutionRequest,
  ResumeExecutionRequest,
  StartExecutionRequest,
  StopExecutionRequest,
  WatchExecutionRequest,
} from "../gen/mistral/v1/execution_service";
import { State, stateToJSON } from "../gen/mistral/v1/state";
import { ListTasksRequest, TaskServiceClient } from "../gen/mistral/v1/task_service";
import {
  CreateWorkflowsRequest,
  DeleteWorkflowRequest,
  GetWorkflowRequest,
  WorkflowServiceClient,
} from "../gen/mistral/v1/workflow_service";
import { all, call, fault } from "./calls";

/** What to do; the same file serves the clients of all languages. */
export interface Plan {
  workflow: string;
  held: string;
  definition: string;
  faulty: string;
  input: string;
  request_id: string;
  reason: string;
  unknown: string;
  page_size: number;
}

export interface Mesh {
  workflows: WorkflowServiceClient;
  executions: ExecutionServiceClient;
  tasks: TaskServiceClient;
}

type Part = Record<string, unknown>;

interface Seen {
  position: string;
  type: string;
  task: string;
}

const WAIT = { seconds: 30n, nanos: 0 };

export class Scenario {
  private id = "";

  constructor(
    private readonly mesh: Mesh,
    private readonly plan: Plan,
  ) {}

  /** Runs all steps, in their order. */
  async report(): Promise<Part> {
    const found: Part = {};
    for (const step of [this.define, this.start, this.watch, this.listTasks, this.steer, this.fail, this.remove]) {
      Object.assign(found, await step.call(this));
    }
    return found;
  }

  private async define(): Promise<Part> {
    const { workflows } = this.mesh;
    const request = CreateWorkflowsRequest.create({ definition: this.plan.definition });
    const created = await call(workflows, workflows.createWorkflows, request);
    return { versions: created.workflows.map((workflow) => workflow.version.toString()) };
  }

  /** Starts twice under one key, which makes one execution, and waits for its end. */
  private async start(): Promise<Part> {
    const { executions } = this.mesh;
    const { workflow, input, request_id: requestId } = this.plan;
    const request = StartExecutionRequest.create({ workflow, input, requestId });
    const { execution: started } = await call(executions, executions.startExecution, request);
    const { execution: repeated } = await call(executions, executions.startExecution, { ...request, wait: WAIT });
    if (started === undefined || repeated === undefined) {
      throw new Error("a start was answered without an execution");
    }
    this.id = started.id;
    // JSON.parse would round the number.
    const output = parse(repeated.output) as { greeting: string; next: { toString(): string } };
    return {
      started_id: started.id,
      repeated_id: repeated.id,
      state: stateToJSON(repeated.state),
      output: repeated.output,
      greeting: output.greeting,
      next: output.next.toString(),
    };
  }

  /** Reads the events to the end, and once more those after the second one. */
  private async watch(): Promise<Part> {
    const events = await this.events(this.id, 0n);
    return { events, resumed_events: await this.events(this.id, BigInt(events[1]?.position ?? 0)) };
  }

  private async events(id: string, afterPosition: bigint, seconds: number = 60): Promise<Seen[]> {
    const request = WatchExecutionRequest.create({ id, afterPosition });
    const deadline = Date.now() + seconds * 1000;
    const answers = await all(this.mesh.executions.watchExecution(request, { deadline }));
    return answers.map(({ event }) => ({
      position: String(event?.position),
      type: String(event?.type),
      task: String(event?.taskName),
    }));
  }

  private async listTasks(): Promise<Part> {
    const { tasks } = this.mesh;
    const pages: string[][] = [];
    const request = ListTasksRequest.create({ executionId: this.id, pageSize: this.plan.page_size });
    do {
      const page = await call(tasks, tasks.listTasks, request);
      pages.push(page.tasks.map((task) => task.name));
      request.pageToken = page.nextPageToken;
    } while (request.pageToken !== "");
    return { task_pages: pages };
  }

  /** Pauses, resumes and cancels an execution that would run for ever. */
  private async steer(): Promise<Part> {
    const { executions } = this.mesh;
    const start = StartExecutionRequest.create({ workflow: this.plan.held });
    const id = (await call(executions, executions.startExecution, start)).execution?.id ?? "";
    const late = await fault(this.events(id, 0n, 0.3));
    const paused = await call(executions, executions.pauseExecution, PauseExecutionRequest.create({ id }));
    const resumed = await call(executions, executions.resumeExecution, ResumeExecutionRequest.create({ id }));
    const stop = StopExecutionRequest.create({ id, state: State.STATE_CANCELLED, message: this.plan.reason });
    const stopped = await call(executions, executions.stopExecution, stop);
    await call(executions, executions.deleteExecution, DeleteExecutionRequest.create({ id }));
    return {
      late: late["code"],
      steered: [paused, resumed, stopped].map(({ execution }) => execution && stateToJSON(execution.state)),
      reason: stopped.execution?.stateInfo,
    };
  }

  private async fail(): Promise<Part> {
    const { workflows, executions } = this.mesh;
    const faulty = CreateWorkflowsRequest.create({ definition: this.plan.faulty });
    const missing = GetExecutionRequest.create({ id: this.plan.unknown });
    return {
      faulty: await fault(call(workflows, workflows.createWorkflows, faulty)),
      missing: await fault(call(executions, executions.getExecution, missing)),
    };
  }

  private async remove(): Promise<Part> {
    const { workflows, executions } = this.mesh;
    const { id } = this;
    await call(executions, executions.deleteExecution, DeleteExecutionRequest.create({ id }));
    for (const identifier of [this.plan.workflow, this.plan.held]) {
      await call(workflows, workflows.deleteWorkflow, DeleteWorkflowRequest.create({ identifier }));
    }
    const gone = await fault(call(executions, executions.getExecution, GetExecutionRequest.create({ id })));
    const workflow = GetWorkflowRequest.create({ identifier: this.plan.workflow });
    const undefinedNow = await fault(call(workflows, workflows.getWorkflow, workflow));
    return { deleted: [gone["code"], undefinedNow["code"]] };
  }
}
