// How runs end that do not simply return: errors that workflows can tell apart, and why a run was to stop.

import type { AssignmentFailure, AssignmentResult } from "./gen/mistral/v1/worker.js";
import { stringify } from "./json.js";

/** What a {@link Failure} says beside its message. */
export interface FailureOptions {
  /** Kind of error for programs, such as `CardDeclined`. */
  type?: string;
  /** More about it: a JSON value. */
  details?: unknown;
  /** Whether the task's retry policy must not try again. */
  permanent?: boolean;
  cause?: unknown;
}

/** An error that workflows can tell apart. A task sees {type, message, details}, or the message if there is nothing else. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly type: string;
  readonly details: unknown;
  readonly permanent: boolean;

  constructor(message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.type = options.type ?? "";
    this.details = options.details;
    this.permanent = options.permanent ?? false;
  }
}

/** Reason of a run's signal when nobody wants its result any more. */
export class Cancelled extends Error {
  override readonly name: string = "Cancelled";
}

/** Reason of a run's signal when the run is not this worker's any more. */
export class LeaseLost extends Error {
  override readonly name: string = "LeaseLost";
}

/** Ends a worker when another process has taken over its id. */
export class Superseded extends Error {
  override readonly name: string = "Superseded";
}

/** Ends a worker whose runs did not end within `drainTimeout`. */
export class DrainTimeout extends Error {
  override readonly name: string = "DrainTimeout";
}

/** What a handler returns when somebody completes the run later: see `Client.complete`. */
export const deferred: unique symbol = Symbol("mistral.deferred");

/** Writes whatever was thrown as the protocol does. */
export function failureOf(error: unknown): AssignmentFailure {
  if (!(error instanceof Failure)) {
    return { type: "", message: messageOf(error), details: Buffer.alloc(0), permanent: false };
  }
  let { message } = error;
  let details: Buffer = Buffer.alloc(0);
  if (error.details !== undefined) {
    try {
      details = Buffer.from(stringify(error.details));
    } catch (fault) {
      message += ` (its details are no JSON: ${messageOf(fault)})`;
    }
  }
  return { type: error.type, message, details, permanent: error.permanent };
}

/** Says how a run ended whose handler threw. */
export function thrown(token: string, signal: AbortSignal, error: unknown): AssignmentResult {
  if (signal.reason instanceof Cancelled && !(error instanceof Failure)) {
    return { token, outcome: { $case: "cancellation", value: {} } };
  }
  return { token, outcome: { $case: "failure", value: failureOf(error) } };
}

/** Returns what an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) {
    return error.message || error.name;
  }
  return typeof error === "string" ? error : `something was thrown that is no error: ${String(error)}`;
}
