// A worker: what it offers, and how it comes and goes. Runs are in hands.ts, the talk with a server in session.ts.

import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { hostname } from "node:os";

import { status } from "@grpc/grpc-js";

import { type ActionOptions, actionOf } from "./action.js";
import { Backoff } from "./backoff.js";
import type { Codec } from "./codec.js";
import { Connection, type ConnectionOptions, codeOf, pause } from "./connection.js";
import type { Run } from "./context.js";
import { DrainTimeout, LeaseLost, Superseded, messageOf } from "./failure.js";
import type { WorkerDescription } from "./gen/mistral/v1/worker.js";
import { WorkerServiceClient } from "./gen/mistral/v1/worker_service.js";
import { Hands } from "./hands.js";
import { type Logger, jsonLines } from "./log.js";
import type { Schema } from "./schema.js";
import { GoAway, Session } from "./session.js";
import { type Outcome, type Trial, tryOut } from "./trial.js";

const SDK = "mistral-typescript";
const VERSION = "0.1.0";
const DEFAULT_SLOTS = 10;
/** How long a session must last for the next attempts to begin without delay again, in milliseconds. */
const SETTLED_AFTER = 1_000;

/** What is not given is read from the environment. */
export interface WorkerOptions extends ConnectionOptions {
  /**
   * Stable name, unique within the project; by default MISTRAL_WORKER_ID, else host name and process id. When a worker
   * starts again under its name, its lost runs are handed on at once and not when their leases end.
   */
  id?: string;
  /** Most runs at once; by default MISTRAL_SLOTS, else 10. */
  slots?: number;
  /** Queues that it serves: tasks name theirs as `target`. None means the default one. */
  queues?: string[];
  /** Namespaces of workflows that it works for; none means all. */
  namespaces?: string[];
  /** What tasks may require or prefer; by default what MISTRAL_LABELS says, such as `gpu=yes,zone=a`. */
  labels?: Record<string, string>;
  /** Encrypts and decrypts secrets. */
  codec?: Codec;
  /** How long to wait for runs when the worker is told to leave, in milliseconds; by default as long as they take. */
  drainTimeout?: number;
  /** Where the worker writes; by default JSON lines on standard error. Inputs, results and tokens are never written. */
  log?: Logger;
}

/** What a worker tells about itself, for metrics. Listeners are called in line: they must return soon. */
export interface WorkerEvents {
  /** A server has welcomed the worker. */
  connected: [session: string];
  /** The session has ended. */
  disconnected: [session: string, reason: unknown];
  /** A run has come and is about to be acknowledged and begun. */
  assigned: [run: Run, input: Buffer];
  /** A handler has ended, perhaps with an error. */
  finished: [run: Run, error: unknown];
  /** A result was sent, for the first time or again. */
  sent: [run: Run];
  /** The server has a result. */
  recorded: [run: Run];
  /** A run is not the worker's any more. */
  rejected: [run: Run, reason: Error];
  /** A run is to stop. */
  cancelled: [run: Run, reason: Error];
}

/** Offers actions to workflows and runs them. */
export class Worker extends EventEmitter<WorkerEvents> {
  readonly id: string;
  readonly #options: WorkerOptions;
  readonly #log: Logger;
  readonly #hands: Hands;
  readonly #labels: Record<string, string>;
  readonly #life = new AbortController();
  readonly #instance = randomBytes(12).toString("hex");
  #ran = false;

  /** Throws an Error that names an option or environment variable that is wrong. */
  constructor(options: WorkerOptions = {}) {
    super();
    this.#options = options;
    this.id = options.id || process.env["MISTRAL_WORKER_ID"] || `${hostname()}-${process.pid}`;
    this.#labels = options.labels ?? labelsOf(process.env["MISTRAL_LABELS"] ?? "");
    this.#log = named(options.log ?? jsonLines, this.id);
    this.#hands = new Hands(slotsOf(options), options.codec, this.#log, this);
  }

  /** Offers an action. Throws a TypeError that names what is wrong with it. */
  action<const S extends Schema = Record<string, never>, Output = unknown>(options: ActionOptions<S, Output>): this {
    const action = actionOf(options);
    if (this.#hands.actions.has(options.name)) {
      throw new TypeError(`the action "${options.name}" is offered twice`);
    }
    if (action.secrets.length > 0 && this.#options.codec === undefined) {
      throw new TypeError(`"${options.name}" marks secrets, and the worker has no codec`);
    }
    this.#hands.actions.set(options.name, action);
    return this;
  }

  /**
   * Works until the process gets SIGTERM or SIGINT, or {@link drain} is called; then it takes nothing further, waits for
   * its runs and their results, and resolves. A second signal ends the process at once. A lost connection is made again,
   * for as long as it takes.
   *
   * Rejects when the worker cannot work: credentials or a policy that do not let it, {@link Superseded}, {@link DrainTimeout}.
   *
   * @param options.signals - Whether to heed signals of the process; true by default.
   */
  async run({ signals = true }: { signals?: boolean } = {}): Promise<void> {
    if (this.#ran) {
      throw new Error("a worker runs once");
    }
    this.#ran = true;
    const heed = () => {
      unheed();
      this.drain();
    };
    const unheed = () => void process.off("SIGTERM", heed).off("SIGINT", heed);
    if (signals) {
      process.on("SIGTERM", heed).on("SIGINT", heed);
    }
    const connection = new Connection(this.#options);
    const client = connection.client(WorkerServiceClient);
    try {
      await this.#stay(connection, client);
    } finally {
      unheed();
      client.close();
    }
  }

  /** Takes nothing further and lets `run` end once everything in hand is recorded. */
  drain(): void {
    if (this.#hands.draining) {
      return;
    }
    this.#log.info("leaving: no further runs are taken");
    this.#hands.drain();
    const { drainTimeout } = this.#options;
    if (drainTimeout !== undefined) {
      const late = () => this.#life.abort(new DrainTimeout(`runs did not end within ${drainTimeout} ms`));
      const timer = setTimeout(late, drainTimeout);
      this.#hands.settled.addEventListener("abort", () => clearTimeout(timer));
    }
  }

  /** Runs the handler of an action here and now, without a server, with all reading and writing around it. */
  try(action: string, input: unknown, trial: Trial = {}): Promise<Outcome> {
    return tryOut(this.#hands.actions.get(action), action, input, trial, this.#options.codec, this.#log);
  }

  /** Holds one session after the other until the worker has left, or cannot work. */
  async #stay(connection: Connection, client: WorkerServiceClient): Promise<void> {
    const backoff = new Backoff();
    const life = this.#life.signal;
    let welcomed = false;
    while (!this.#hands.settled.aborted) {
      const began = Date.now();
      const session = new Session(this.#hands, this.#log, this);
      let reason: unknown;
      try {
        reason = await session.talk(client, await connection.metadata(), this.#description(), life);
      } catch (error) {
        // The function that gives tokens has failed; that may pass.
        reason = error;
      }
      welcomed ||= session.welcomed;
      if (session.welcomed && Date.now() - began > SETTLED_AFTER) {
        backoff.reset();
      }
      if (this.#hands.settled.aborted || reason instanceof GoAway) {
        continue;
      }
      if (life.aborted) {
        this.#hands.stopAll(life.reason as Error);
        throw life.reason;
      }
      this.#endIfFatal(reason, welcomed);
      const span = this.#hands.hurried(backoff.next());
      this.#log.warn("not connected", { error: messageOf(reason), again_in_ms: Math.round(span) });
      await pause(span, this.#hands.settled);
    }
    this.#log.info("left");
  }

  /** Throws if it is of no use to connect again. */
  #endIfFatal(reason: unknown, welcomed: boolean): void {
    switch (codeOf(reason)) {
      case status.ALREADY_EXISTS: {
        const superseded = new Superseded(`another process works under the worker id "${this.id}"`);
        this.#hands.stopAll(superseded);
        throw superseded;
      }
      case status.UNAUTHENTICATED:
        if (welcomed) {
          // It may be that a token is just being renewed.
          return;
        }
        break;
      case status.INVALID_ARGUMENT:
      case status.UNIMPLEMENTED:
      case status.PERMISSION_DENIED:
        break;
      default:
        return;
    }
    this.#hands.stopAll(new LeaseLost("the mesh does not take this worker"));
    throw new Error(`the mesh does not take this worker: ${messageOf(reason)}`, { cause: reason });
  }

  #description(): WorkerDescription {
    return {
      id: this.id,
      instance: this.#instance,
      sdk: SDK,
      sdkVersion: VERSION,
      namespaces: this.#options.namespaces ?? [],
      queues: this.#options.queues ?? [],
      actions: [...this.#hands.actions.values()].map((action) => action.offer),
      labels: this.#labels,
      slots: slotsOf(this.#options),
    };
  }
}

function slotsOf({ slots }: WorkerOptions): number {
  const told = slots ?? Number(process.env["MISTRAL_SLOTS"] || DEFAULT_SLOTS);
  if (!Number.isInteger(told) || told < 1) {
    throw new RangeError(`slots (MISTRAL_SLOTS) must be a number from 1: ${slots ?? process.env["MISTRAL_SLOTS"]}`);
  }
  return told;
}

/** Reads `name=value,name=value`. */
function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) {
        throw new RangeError(`MISTRAL_LABELS must be like "gpu=yes,zone=a": ${pair}`);
      }
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

/** Adds the worker's id to every line. */
function named(log: Logger, worker: string): Logger {
  return {
    debug: (message, fields) => log.debug(message, { worker, ...fields }),
    info: (message, fields) => log.info(message, { worker, ...fields }),
    warn: (message, fields) => log.warn(message, { worker, ...fields }),
    error: (message, fields) => log.error(message, { worker, ...fields }),
  };
}
