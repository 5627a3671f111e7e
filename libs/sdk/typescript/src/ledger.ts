// The account of runs and credits of a worker. It does nothing itself.

import type { AssignmentResult } from "./gen/mistral/v1/worker.js";
import type { HeldAssignment } from "./gen/mistral/v1/worker.js";
import type { Run } from "./context.js";

/** A run in hand: from its assignment until its result is recorded or rejected. */
export interface Entry {
  readonly run: Run;
  readonly stop: (reason: Error) => void;
  result?: AssignmentResult;
}

/** A run takes a slot until its handler has ended, even if it was rejected before. */
export class Ledger {
  draining = false;
  // In the order in which they came.
  readonly #runs = new Map<string, Entry>();
  #credits = 0;
  #active = 0;

  constructor(private readonly slots: number) {}

  /** Notes a run and tells whether it is new; one that is in hand already is not to be begun again. */
  assign(run: Run, stop: (reason: Error) => void): boolean {
    this.#credits = Math.max(0, this.#credits - 1);
    if (this.#runs.has(run.token)) {
      return false;
    }
    this.#active += 1;
    this.#runs.set(run.token, { run, stop });
    return true;
  }

  /** Notes that a handler has ended, and tells whether its result is wanted. */
  finish(result: AssignmentResult): boolean {
    this.#active -= 1;
    const entry = this.#runs.get(result.token);
    if (entry !== undefined) {
      entry.result = result;
    }
    return entry !== undefined;
  }

  /** Ends the account of a run whose result is recorded or not wanted. */
  forget(token: string): Entry | undefined {
    const entry = this.#runs.get(token);
    this.#runs.delete(token);
    return entry;
  }

  get(token: string): Entry | undefined {
    return this.#runs.get(token);
  }

  entries(): Entry[] {
    return [...this.#runs.values()];
  }

  /** Voids the credits, as every session begins without any. */
  disconnected(): void {
    this.#credits = 0;
  }

  /** Returns how many credits to ask for, and counts them as given. */
  more(): number {
    if (this.draining) {
      return 0;
    }
    const wanted = Math.max(0, this.slots - this.#active - this.#credits);
    this.#credits += wanted;
    return wanted;
  }

  /** Tokens of all runs in hand, the oldest first. */
  tokens(): string[] {
    return [...this.#runs.keys()];
  }

  /** What to tell a server of runs in hand. */
  held(): HeldAssignment[] {
    return this.entries().map(({ run, result }) => ({ token: run.token, finished: result !== undefined }));
  }

  /** The results that are not known to be safe. */
  unrecorded(): AssignmentResult[] {
    return this.entries().flatMap(({ result }) => result ?? []);
  }

  /** Whether nothing is in hand and no handler runs. */
  get idle(): boolean {
    return this.#runs.size === 0 && this.#active === 0;
  }
}
