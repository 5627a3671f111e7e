// What a handler gets beside its input.

import { type Assignment, type AssignmentProgress, LogLevel } from "./gen/mistral/v1/worker.js";
import { parse, stringify } from "./json.js";
import type { Level, Logger } from "./log.js";

const MOST_DETAILS = 64 * 1024;
const LINE_BYTES = 8192;

/** What a handler works on. */
export interface Run {
  readonly action: string;
  /** The same for every attempt of this run and different for every other run. */
  readonly idempotencyKey: string;
  /** Counts how often the run was given out, from 1. */
  readonly attempt: number;
  /** Completes a deferred run, see `Client.complete`. Whoever has it may do so: it is a secret. */
  readonly token: string;
  readonly actionExecutionId: string;
  readonly taskExecutionId: string;
  readonly taskName: string;
  readonly executionId: string;
  readonly workflowName: string;
  readonly workflowNamespace: string;
  readonly projectId: string;
  /** Position of the item, for a task with items. */
  readonly index: number;
  readonly queue: string;
  /** When the run was sent to the queue. */
  readonly scheduledAt: Date | undefined;
  /** When it is given up whatever the worker does. */
  readonly deadline: Date | undefined;
  /** W3C trace context; empty when it is not sampled. */
  readonly traceparent: string;
  readonly safeRerun: boolean;
}

/** How far a run is. */
export interface Progress {
  /** 0 to 100. */
  percent?: number;
  /** Where the next attempt can go on: a JSON value of at most 64 KiB. */
  details?: unknown;
}

/** Reads of an assignment what a handler may know. */
export function runOf(assignment: Assignment): Run {
  const { action, idempotencyKey, attempt, token, actionExecutionId, taskExecutionId, taskName, executionId } = assignment;
  const { workflowName, workflowNamespace, projectId, index, queue, scheduledAt, deadline, traceparent } = assignment;
  return {
    action, idempotencyKey, attempt, token, actionExecutionId, taskExecutionId, taskName, executionId, workflowName,
    workflowNamespace, projectId, index, queue, scheduledAt, deadline, traceparent, safeRerun: assignment.safeRerun,
  };
}

/** The context of one run. Its lease is renewed as long as the handler runs and the event loop is not blocked. */
export class Context {
  /** Writes lines that are kept with the run, and to the worker's log. Do not log secrets. */
  readonly log: Logger;
  readonly #last: string;
  readonly #tell: (news: AssignmentProgress) => void;

  constructor(
    /** What this is a run of. */
    readonly run: Run,
    /**
     * Aborts when the run is cancelled (its reason is `Cancelled`), at its deadline (a TimeoutError), and when the worker
     * has lost it (`LeaseLost`).
     */
    readonly signal: AbortSignal,
    last: Uint8Array,
    tell: (news: AssignmentProgress) => void,
    local: Logger,
  ) {
    this.#last = Buffer.from(last).toString();
    this.#tell = tell;
    const line = (level: Level) => (message: string, fields?: Record<string, unknown>) => {
      this.#line(level, message, fields);
      local[level](message, { action: run.action, action_execution_id: run.actionExecutionId, ...fields });
    };
    this.log = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  }

  /** Tells how far the run is; what is left out stays as it was. */
  progress({ percent, details }: Progress): void {
    if (percent !== undefined && !(percent >= 0 && percent <= 100)) {
      throw new RangeError(`a progress of ${percent} %: 0 to 100 is possible`);
    }
    const text = details === undefined ? undefined : Buffer.from(stringify(details));
    if (text !== undefined && text.length > MOST_DETAILS) {
      throw new RangeError(`details of progress have ${text.length} bytes, at most ${MOST_DETAILS} are allowed`);
    }
    this.#tell({ token: this.run.token, percent, details: text, lines: [] });
  }

  /** Returns the details that the last attempt told; undefined if there are none. */
  lastProgress<Details = unknown>(): Details | undefined {
    return this.#last === "" ? undefined : (parse(this.#last) as Details);
  }

  #line(level: Level, message: string, fields?: Record<string, unknown>): void {
    const said = Object.entries(fields ?? {}).map(([key, value]) => ` ${key}=${written(value)}`);
    const line = { time: new Date(), level: LEVELS[level], message: cut(message + said.join(""), LINE_BYTES) };
    this.#tell({ token: this.run.token, percent: undefined, details: undefined, lines: [line] });
  }
}

const LEVELS: Record<Level, LogLevel> = {
  debug: LogLevel.LOG_LEVEL_DEBUG,
  info: LogLevel.LOG_LEVEL_INFO,
  warn: LogLevel.LOG_LEVEL_WARNING,
  error: LogLevel.LOG_LEVEL_ERROR,
};

function written(value: unknown): string {
  if (value instanceof Error) {
    return value.message;
  }
  return typeof value === "object" && value !== null ? stringify(value) : String(value);
}

/** Shortens a text to at most so many bytes of UTF-8, and not within a character. */
export function cut(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) {
    return text;
  }
  let end = most;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) {
    end -= 1;
  }
  return bytes.subarray(0, end).toString();
}
