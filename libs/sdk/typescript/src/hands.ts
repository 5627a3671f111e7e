// What a worker has in hand: runs are begun, told of, and ended here, whoever the server is at the moment.

import type { EventEmitter } from "node:events";

import type { Action } from "./action.js";
import type { Codec } from "./codec.js";
import { Context, runOf } from "./context.js";
import { Cancelled, Failure, LeaseLost, thrown } from "./failure.js";
import {
  type Assignment,
  type AssignmentProgress,
  type AssignmentResult,
  type CancelRequest,
  type Rejection,
  RejectionReason,
} from "./gen/mistral/v1/worker.js";
import { type Entry, Ledger } from "./ledger.js";
import type { Logger } from "./log.js";
import { Outbox } from "./outbox.js";
import type { WorkerEvents } from "./worker.js";

/** Most bytes of a result before a server has said its terms. */
export const LARGEST_UNLESS_TOLD = 4 * 1024 * 1024;
/** How often at least the worker tries to connect within a lease. */
const LEASE_PARTS = 10;
/** Longer timers would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class Hands {
  readonly actions = new Map<string, Action>();
  readonly ledger: Ledger;
  readonly outbox = new Outbox();
  /** Most bytes of a result. */
  largest = LARGEST_UNLESS_TOLD;
  /** How long a run is the worker's without a sign of life, in milliseconds; 0 until a server has said it. */
  lease = 0;
  /** Called when there is something to say. */
  rouse: () => void = () => undefined;
  readonly #settled = new AbortController();

  constructor(
    slots: number,
    private readonly codec: Codec | undefined,
    private readonly log: Logger,
    private readonly events: EventEmitter<WorkerEvents>,
  ) {
    this.ledger = new Ledger(slots);
  }

  /** Aborts once the worker is leaving and has nothing left to do. */
  get settled(): AbortSignal {
    return this.#settled.signal;
  }

  get draining(): boolean {
    return this.ledger.draining;
  }

  /** Shortens a wait while there are runs in hand, whose leases run on. */
  hurried(milliseconds: number): number {
    return this.ledger.idle || this.lease === 0 ? milliseconds : Math.min(milliseconds, this.lease / LEASE_PARTS);
  }

  drain(): void {
    this.ledger.draining = true;
    this.#settle();
    this.rouse();
  }

  /** Notes an assignment and returns what begins it; undefined if it is in hand already, or nothing is taken any more. */
  assigned(assignment: Assignment): (() => void) | undefined {
    if (this.settled.aborted) {
      // It was on its way when the worker said that it leaves: never acknowledged, it goes to somebody else.
      return undefined;
    }
    const run = runOf(assignment);
    this.events.emit("assigned", run, assignment.input);
    const stop = new AbortController();
    this.outbox.ack(run.token);
    if (this.ledger.assign(run, (reason) => stop.abort(reason))) {
      return () => void this.#execute(assignment, stop);
    }
    const known = this.ledger.get(run.token)?.result;
    if (known !== undefined) {
      this.outbox.result(known);
    }
    return undefined;
  }

  recorded(tokens: readonly string[]): void {
    for (const token of tokens) {
      const entry = this.#forget(token);
      if (entry !== undefined) {
        this.events.emit("recorded", entry.run);
      }
    }
  }

  rejected(rejections: readonly Rejection[]): void {
    for (const { token, reason, message } of rejections) {
      const entry = this.#forget(token);
      if (entry === undefined) {
        continue;
      }
      const closed = reason === RejectionReason.REJECTION_REASON_CLOSED;
      const why = closed ? new Cancelled(message) : new LeaseLost(message);
      const { action, actionExecutionId } = entry.run;
      this.log.warn("a run is not ours any more", {
        action, action_execution_id: actionExecutionId, reason: RejectionReason[reason],
      });
      entry.stop(why);
      this.events.emit("rejected", entry.run, why);
    }
  }

  cancelled(cancels: readonly CancelRequest[]): void {
    for (const { token, reason } of cancels) {
      const entry = this.ledger.get(token);
      if (entry !== undefined) {
        const why = new Cancelled(reason);
        entry.stop(why);
        this.events.emit("cancelled", entry.run, why);
      }
    }
  }

  /** Tells listeners that results were sent. */
  sent(results: readonly AssignmentResult[]): void {
    for (const { token } of results) {
      const entry = this.ledger.get(token);
      if (entry !== undefined) {
        this.events.emit("sent", entry.run);
      }
    }
  }

  stopAll(reason: Error): void {
    for (const entry of this.ledger.entries()) {
      entry.stop(reason);
    }
  }

  async #execute(assignment: Assignment, stop: AbortController): Promise<void> {
    const run = runOf(assignment);
    const context = new Context(run, stop.signal, assignment.progressDetails, (news) => this.#tell(news), this.log);
    const timer = deadlineTimer(run.deadline, stop);
    let result: AssignmentResult;
    let error: unknown;
    try {
      result = await this.#performed(assignment, context);
    } catch (fault) {
      error = fault;
      result = thrown(run.token, stop.signal, fault);
    }
    clearTimeout(timer);
    this.events.emit("finished", run, error);
    if (this.ledger.finish(result)) {
      this.outbox.result(result);
    }
    this.#settle();
    this.rouse();
  }

  async #performed({ action, token, input }: Assignment, context: Context): Promise<AssignmentResult> {
    const offered = this.actions.get(action);
    if (offered === undefined) {
      throw new Failure(`this worker does not offer "${action}"`, { type: "UnknownAction" });
    }
    const output = await offered.perform(input, context, this.codec);
    if (output === undefined) {
      return { token, outcome: { $case: "deferral", value: {} } };
    }
    if (output.length > this.largest) {
      const text = `the result is too large: it has ${output.length} bytes, at most ${this.largest} are allowed`;
      throw new Failure(text, { type: "ResultTooLarge", permanent: true });
    }
    return { token, outcome: { $case: "success", value: { output, encoding: "json" } } };
  }

  /** Takes what a run says of its progress, unless the run is not in hand any more. */
  #tell(news: AssignmentProgress): void {
    const entry = this.ledger.get(news.token);
    if (entry !== undefined && entry.result === undefined) {
      this.outbox.note(news);
      this.rouse();
    }
  }

  #forget(token: string): Entry | undefined {
    this.outbox.forget(token);
    const entry = this.ledger.forget(token);
    this.#settle();
    this.rouse();
    return entry;
  }

  #settle(): void {
    if (this.ledger.draining && this.ledger.idle) {
      this.#settled.abort();
    }
  }
}

function deadlineTimer(deadline: Date | undefined, stop: AbortController): NodeJS.Timeout | undefined {
  const span = deadline === undefined ? Infinity : deadline.getTime() - Date.now();
  if (span > LONGEST_TIMER) {
    return undefined;
  }
  return setTimeout(() => stop.abort(new DOMException("the time for the run is over", "TimeoutError")), span);
}
