// One run of a workflow: where it stands, how it ends, what happens to it.

import { type ClientReadableStream, status } from "@grpc/grpc-js";

import { Backoff } from "./backoff.js";
import { type Codec, opened } from "./codec.js";
import { type Connection, codeOf, pause } from "./connection.js";
import type { Execution as Found } from "./gen/mistral/v1/execution.js";
import {
  type ExecutionServiceClient,
  GetExecutionRequest,
  PauseExecutionRequest,
  ResumeExecutionRequest,
  StopExecutionRequest,
  WatchExecutionRequest,
  type WatchExecutionResponse,
} from "./gen/mistral/v1/execution_service.js";
import { State as Code } from "./gen/mistral/v1/state.js";

/** How long one call waits for the end of an execution; it is made again and again. */
const WAIT_SECONDS = 20n;

/** Where an execution or a task stands. */
export type State =
  "UNSPECIFIED" | "IDLE" | "WAITING" | "RUNNING" | "DELAYED" | "PAUSED" | "SUCCESS" | "ERROR" | "CANCELLED" | "SKIPPED";

const FINAL: ReadonlySet<State> = new Set<State>(["SUCCESS", "ERROR", "CANCELLED"]);

/** Where an execution stands. */
export interface Status<Output = Record<string, unknown>> {
  readonly id: string;
  readonly workflowName: string;
  readonly state: State;
  /** Why, for people. */
  readonly info: string;
  /** With secrets decrypted; undefined until the state is final. */
  readonly output: Output | undefined;
}

/** Something that happened to an execution or one of its tasks. */
export interface ExecutionEvent {
  /** Grows; a watch can begin after one. */
  readonly position: bigint;
  /** Such as `TASK_SUCCEEDED`. */
  readonly type: string;
  readonly at: Date | undefined;
  readonly taskId: string;
  readonly taskName: string;
  readonly state: State;
  readonly info: string;
}

/** An execution did not end well. */
export class ExecutionFailed extends Error {
  override readonly name: string = "ExecutionFailed";

  constructor(readonly status: Status<unknown>) {
    super(`execution ${status.id} ended as ${status.state}: ${status.info}`);
  }
}

export class Execution {
  constructor(
    readonly id: string,
    private readonly connection: Connection,
    private readonly executions: ExecutionServiceClient,
    private readonly codec: Codec | undefined,
  ) {}

  /** Asks where it stands. */
  async status<Output = Record<string, unknown>>(): Promise<Status<Output>> {
    const request = GetExecutionRequest.fromPartial({ id: this.id });
    const { execution } = await this.connection.repeated(this.executions, this.executions.getExecution, request);
    return this.#status(execution!);
  }

  /** Returns once it is over; throws {@link ExecutionFailed} if it did not end well, and the reason of an aborted signal. */
  async wait<Output = Record<string, unknown>>({ signal }: { signal?: AbortSignal } = {}): Promise<Status<Output>> {
    const request = GetExecutionRequest.fromPartial({ id: this.id, wait: { seconds: WAIT_SECONDS, nanos: 0 } });
    const backoff = new Backoff();
    for (;;) {
      signal?.throwIfAborted();
      try {
        const call = this.connection.call(this.executions, this.executions.getExecution, request);
        const status = this.#status<Output>((await abortable(call, signal)).execution!);
        backoff.reset();
        if (status.state === "SUCCESS") {
          return status;
        }
        if (FINAL.has(status.state)) {
          throw new ExecutionFailed(status);
        }
      } catch (error) {
        if (!passing(error)) {
          throw error;
        }
        await pause(backoff.next(), signal);
      }
    }
  }

  /** Waits for the end and returns the output. */
  async output<Output = Record<string, unknown>>(options: { signal?: AbortSignal } = {}): Promise<Output> {
    return (await this.wait<Output>(options)).output!;
  }

  /** Lets running tasks finish and starts no more. */
  async pause(): Promise<void> {
    const request = PauseExecutionRequest.fromPartial({ id: this.id });
    await this.connection.repeated(this.executions, this.executions.pauseExecution, request);
  }

  /** Goes on when it is paused. */
  async resume(): Promise<void> {
    const request = ResumeExecutionRequest.fromPartial({ id: this.id });
    await this.connection.repeated(this.executions, this.executions.resumeExecution, request);
  }

  /** Ends it; the reason is for people. */
  async cancel(reason = ""): Promise<void> {
    const request = StopExecutionRequest.fromPartial({ id: this.id, state: Code.STATE_CANCELLED, message: reason });
    await this.connection.repeated(this.executions, this.executions.stopExecution, request);
  }

  /**
   * Yields what happened after a position and then what happens, until it is over. A broken connection is made again
   * without a gap.
   */
  async *watch({ after = 0n, signal }: { after?: bigint; signal?: AbortSignal } = {}): AsyncGenerator<ExecutionEvent> {
    const backoff = new Backoff();
    let position = after;
    for (;;) {
      signal?.throwIfAborted();
      try {
        for await (const event of this.#events(position, signal)) {
          position = event.position;
          backoff.reset();
          yield event;
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (!passing(error)) {
          throw error;
        }
        await pause(backoff.next(), signal);
      }
    }
  }

  async *#events(afterPosition: bigint, signal: AbortSignal | undefined): AsyncGenerator<ExecutionEvent> {
    const request = WatchExecutionRequest.fromPartial({ id: this.id, afterPosition });
    const metadata = await this.connection.metadata();
    const stream: ClientReadableStream<WatchExecutionResponse> = this.executions.watchExecution(request, metadata);
    const cancel = () => stream.cancel();
    signal?.addEventListener("abort", cancel);
    try {
      for await (const { event } of stream as AsyncIterable<WatchExecutionResponse>) {
        const { position, type, at, taskId, taskName, state, stateInfo } = event!;
        yield { position, type, at, taskId, taskName, state: stateOf(state), info: stateInfo };
      }
    } finally {
      signal?.removeEventListener("abort", cancel);
      cancel();
    }
  }

  #status<Output>(found: Found): Status<Output> {
    const output = found.output === "" ? undefined : (opened(this.codec, found.output) as Output);
    const state = stateOf(found.state);
    return { id: found.id, workflowName: found.workflowName, state, info: found.stateInfo, output };
  }
}

function stateOf(code: Code): State {
  return (Code[code] ?? "STATE_UNSPECIFIED").replace("STATE_", "") as State;
}

/** Tells whether it is of use to make a failed call once more. */
function passing(error: unknown): boolean {
  const code = codeOf(error);
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED;
}

/** Rejects as soon as the signal aborts; the call then ends unheard. */
async function abortable<T>(call: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return call;
  }
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([call, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
    call.catch(() => undefined);
  }
}
