// What is to be said to the server, until it can be sent.

import { AssignmentProgress, AssignmentResult } from "./gen/mistral/v1/worker.js";
import { WorkRequest } from "./gen/mistral/v1/worker_service.js";

/** How often progress is sent at most, in milliseconds; a handler may tell it as often as it likes. */
const PROGRESS_EVERY = 100;
/** Lines of a run that are kept while they cannot be sent, the latest ones. */
const MOST_LINES = 1000;
// What a message adds to what is in it, at most.
const OVERHEAD = 8;

/** The terms of a session: most items, and bytes, in a message. */
export interface Limits {
  readonly batch: number;
  readonly bytes: number;
}

export class Outbox {
  #acks: string[] = [];
  #results: AssignmentResult[] = [];
  readonly #progress = new Map<string, AssignmentProgress>();
  #sent = -Infinity;

  /** Begins a session: hello says what is held, so that acks are of no use, and all results go again. */
  reconnected(unrecorded: AssignmentResult[]): void {
    this.#acks = [];
    this.#results = unrecorded;
    this.#sent = -Infinity;
  }

  ack(token: string): void {
    this.#acks.push(token);
  }

  result(result: AssignmentResult): void {
    this.#results.push(result);
  }

  /** Drops what was to be said of a run. */
  forget(token: string): void {
    this.#progress.delete(token);
  }

  /** Merges progress with what was not sent yet. */
  note(news: AssignmentProgress): void {
    const waiting = this.#progress.get(news.token);
    if (waiting === undefined) {
      this.#progress.set(news.token, news);
      return;
    }
    waiting.percent = news.percent ?? waiting.percent;
    waiting.details = news.details ?? waiting.details;
    waiting.lines = [...waiting.lines, ...news.lines].slice(-MOST_LINES);
  }

  /** Returns the messages to send now, and after how many milliseconds to look again for progress; 0 for never. */
  take(limits: Limits, now: number): { messages: WorkRequest[]; again: number } {
    const messages: WorkRequest[] = chunks(this.#acks, limits.batch).map((tokens) => ({
      message: { $case: "acks", value: { tokens } },
    }));
    this.#acks = [];
    let again = this.#progress.size > 0 ? this.#sent + PROGRESS_EVERY - now : 0;
    if (this.#progress.size > 0 && (again <= 0 || this.#results.length > 0)) {
      // What a run told comes before its result.
      const waiting = [...this.#progress.values()];
      this.#progress.clear();
      this.#sent = now;
      again = 0;
      for (const progress of batches(waiting, size(AssignmentProgress), limits)) {
        messages.push({ message: { $case: "progress", value: { progress } } });
      }
    }
    for (const results of batches(this.#results, size(AssignmentResult), limits)) {
      messages.push({ message: { $case: "results", value: { results } } });
    }
    this.#results = [];
    return { messages, again };
  }
}

interface Written<T> {
  encode(item: T): { finish(): Uint8Array };
}

function size<T>(kind: Written<T>): (item: T) => number {
  return (item) => kind.encode(item).finish().length;
}

/** Splits a list into parts of at most `most`. */
export function chunks<T>(items: readonly T[], most: number): T[][] {
  const parts: T[][] = [];
  for (let first = 0; first < items.length; first += most) {
    parts.push(items.slice(first, first + most));
  }
  return parts;
}

/** Splits a list into parts that keep to the terms; an item that is larger than a message goes alone. */
export function batches<T>(items: readonly T[], size: (item: T) => number, limits: Limits): T[][] {
  const parts: T[][] = [];
  let part: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const more = items.length > 1 ? size(item) + OVERHEAD : 0;
    if (part.length > 0 && (part.length === limits.batch || bytes + more > limits.bytes)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += more;
  }
  return part.length > 0 ? [...parts, part] : parts;
}
