// Runs a handler without a server, for tests.

import type { Action } from "./action.js";
import { type Codec, opened } from "./codec.js";
import { Context, type Run } from "./context.js";
import { thrown } from "./failure.js";
import type { AssignmentProgress } from "./gen/mistral/v1/worker.js";
import { parse, stringify } from "./json.js";
import type { Logger } from "./log.js";

/** What a handler is told; by default a first attempt. */
export interface Trial {
  attempt?: number;
  idempotencyKey?: string;
  /** Details that the last attempt told. */
  lastProgress?: unknown;
  taskName?: string;
  workflowName?: string;
  traceparent?: string;
  /** Abort it to stop the run: with the reason `new Cancelled("...")` it is a cancellation. */
  signal?: AbortSignal;
}

/** How a trial ended. */
export interface Outcome {
  readonly state: "success" | "failure" | "deferred" | "cancelled";
  /** The result, with its secrets decrypted. */
  readonly result?: unknown;
  /** The result as it would leave the process. */
  readonly sent?: unknown;
  /** What a task would see of a failure. */
  readonly failure?: { type: string; message: string; details: unknown; permanent: boolean };
  /** What was thrown. */
  readonly error?: unknown;
  /** The last ones told. */
  readonly progress: { percent: number | undefined; details: unknown };
  /** What it logged. */
  readonly lines: readonly string[];
}

/** Runs an action on an input, which goes through the same reading and writing as one of a workflow. */
export async function tryOut(
  offered: Action | undefined,
  action: string,
  input: unknown,
  trial: Trial,
  codec: Codec | undefined,
  log: Logger,
): Promise<Outcome> {
  if (offered === undefined) {
    throw new TypeError(`this worker does not offer "${action}"`);
  }
  const progress: Outcome["progress"] = { percent: undefined, details: undefined };
  const lines: string[] = [];
  const tell = (news: AssignmentProgress) => {
    progress.percent = news.percent ?? progress.percent;
    progress.details = news.details === undefined ? progress.details : parse(news.details.toString());
    lines.push(...news.lines.map((line) => line.message));
  };
  const signal = trial.signal ?? new AbortController().signal;
  const last = trial.lastProgress === undefined ? "" : stringify(trial.lastProgress);
  const context = new Context(runOfTrial(action, trial), signal, Buffer.from(last), tell, log);
  try {
    const output = await offered.perform(Buffer.from(stringify(input)), context, codec);
    if (output === undefined) {
      return { state: "deferred", progress, lines };
    }
    const text = output.toString();
    return { state: "success", result: opened(codec, text), sent: parse(text), progress, lines };
  } catch (error) {
    const { outcome } = thrown("trial", signal, error);
    if (outcome?.$case !== "failure") {
      return { state: "cancelled", error, progress, lines };
    }
    const { type, message, details, permanent } = outcome.value;
    const told = details.length > 0 ? parse(details.toString()) : undefined;
    return { state: "failure", failure: { type, message, details: told, permanent }, error, progress, lines };
  }
}

function runOfTrial(action: string, trial: Trial): Run {
  const key = trial.idempotencyKey ?? "trial";
  return {
    action,
    idempotencyKey: key,
    attempt: trial.attempt ?? 1,
    token: "trial",
    actionExecutionId: key,
    taskExecutionId: "",
    taskName: trial.taskName ?? "",
    executionId: "",
    workflowName: trial.workflowName ?? "",
    workflowNamespace: "",
    projectId: "",
    index: 0,
    queue: "",
    scheduledAt: new Date(),
    deadline: undefined,
    traceparent: trial.traceparent ?? "",
    safeRerun: false,
  };
}
