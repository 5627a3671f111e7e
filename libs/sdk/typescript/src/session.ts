// One stream to a server: says hello, then both talk until it ends.

import type { EventEmitter } from "node:events";

import type { ClientDuplexStream, Metadata } from "@grpc/grpc-js";

import type { Duration } from "./gen/google/protobuf/duration.js";
import type { WorkerDescription } from "./gen/mistral/v1/worker.js";
import type { ServerWelcome, WorkRequest, WorkResponse, WorkerServiceClient } from "./gen/mistral/v1/worker_service.js";
import { type Hands, LARGEST_UNLESS_TOLD } from "./hands.js";
import type { Logger } from "./log.js";
import { type Limits, chunks } from "./outbox.js";
import type { WorkerEvents } from "./worker.js";

const WELCOME_MILLISECONDS = 15_000;
/** How long the server has to end a stream that the worker has closed. */
const FAREWELL_MILLISECONDS = 5_000;
const HEARTBEAT_MILLISECONDS = 3_000;
const DEFAULT_BATCH = 100;

/** Ends a session whose server is about to leave. */
export class GoAway extends Error {}

type Stream = ClientDuplexStream<WorkRequest, WorkResponse>;

export class Session {
  /** Whether the server has welcomed the worker. */
  welcomed = false;
  #name = "";
  #limits: Limits = { batch: DEFAULT_BATCH, bytes: LARGEST_UNLESS_TOLD };
  #stream!: Stream;
  #end!: (reason: unknown) => void;
  #scheduled = false;
  #blocked = false;
  #drained = false;
  #closed = false;
  #timers: NodeJS.Timeout[] = [];
  #progress: NodeJS.Timeout | undefined;

  constructor(
    private readonly hands: Hands,
    private readonly log: Logger,
    private readonly events: EventEmitter<WorkerEvents>,
  ) {}

  /** Talks until the stream ends, and returns why. */
  async talk(
    client: WorkerServiceClient,
    metadata: Metadata,
    worker: WorkerDescription,
    life: AbortSignal,
  ): Promise<unknown> {
    const stream = (this.#stream = client.work(metadata));
    const abort = () => this.#end(life.reason);
    const ended = new Promise<unknown>((resolve) => (this.#end = resolve));
    stream.on("data", (answer: WorkResponse) => this.#hear(answer));
    stream.on("error", (error) => this.#end(error));
    stream.on("end", () => this.#end(new Error("the server ended the session")));
    stream.on("drain", () => {
      this.#blocked = false;
      this.#flush();
    });
    life.addEventListener("abort", abort);
    const late = () => this.#end(new Error("the server said no welcome"));
    const timer = setTimeout(late, WELCOME_MILLISECONDS);
    this.#timers.push(timer);
    this.#say({ message: { $case: "hello", value: { worker, held: this.hands.ledger.held() } } });
    const reason = await ended;
    life.removeEventListener("abort", abort);
    this.#close(reason);
    return reason;
  }

  #close(reason: unknown): void {
    this.#closed = true;
    this.hands.rouse = () => undefined;
    this.hands.ledger.disconnected();
    for (const timer of [...this.#timers, this.#progress]) {
      clearTimeout(timer);
    }
    // What it still says is of no interest; an error without a listener would end the process.
    this.#stream.removeAllListeners().on("error", () => undefined);
    this.#stream.cancel();
    if (this.welcomed) {
      this.events.emit("disconnected", this.#name, reason);
    }
  }

  #hear({ message }: WorkResponse): void {
    if (this.#closed || message === undefined) {
      return;
    }
    if (!this.welcomed && message.$case !== "welcome") {
      this.#end(new Error("the server's first answer was no welcome"));
      return;
    }
    switch (message.$case) {
      case "welcome":
        this.#welcome(message.value);
        break;
      case "assignments": {
        const begin = message.value.assignments.map((assignment) => this.hands.assigned(assignment));
        // Acknowledged first: a handler may keep the event loop busy.
        this.#flush();
        begin.forEach((handler) => handler?.());
        break;
      }
      case "recorded":
        this.hands.recorded(message.value.tokens);
        break;
      case "cancels":
        this.hands.cancelled(message.value.cancels);
        break;
      case "rejections":
        this.hands.rejected(message.value.rejections);
        break;
      case "goAway":
        this.log.info("the server is about to leave", { reason: message.value.reason });
        this.#end(new GoAway(message.value.reason));
        break;
    }
  }

  #welcome({ session, executor, terms, resumed, rejections }: ServerWelcome): void {
    clearTimeout(this.#timers.pop());
    this.welcomed = true;
    this.#name = session;
    this.#limits = {
      batch: terms?.largestBatch || DEFAULT_BATCH,
      bytes: Number(terms?.largestPayloadBytes ?? 0) || LARGEST_UNLESS_TOLD,
    };
    this.hands.largest = this.#limits.bytes;
    this.hands.rejected(rejections);
    this.hands.outbox.reconnected(this.hands.ledger.unrecorded());
    this.hands.rouse = () => this.#schedule();
    this.hands.lease = milliseconds(terms?.lease);
    const every = milliseconds(terms?.heartbeatInterval) || HEARTBEAT_MILLISECONDS;
    this.#timers.push(setInterval(() => this.#beat(), every));
    this.log.info("connected", { session, executor, resumed: resumed.length });
    this.events.emit("connected", session);
    this.#flush();
  }

  /** Sends soon: what comes up until then goes along. */
  #schedule(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
  }

  /** Sends what has collected, unless the connection is full: then it collects on. */
  #flush(): void {
    if (this.#closed || this.#blocked || !this.welcomed) {
      return;
    }
    const { ledger, outbox, settled } = this.hands;
    const { messages, again } = outbox.take(this.#limits, Date.now());
    const more = ledger.more();
    if (more > 0) {
      messages.push({ message: { $case: "credits", value: { more } } });
    }
    if (ledger.draining && !this.#drained) {
      this.#drained = true;
      messages.push({ message: { $case: "drain", value: {} } });
    }
    for (const message of messages) {
      this.#say(message);
    }
    if (again > 0) {
      clearTimeout(this.#progress);
      this.#progress = setTimeout(() => this.#flush(), again);
    }
    if (settled.aborted) {
      this.#leave();
    }
  }

  #leave(): void {
    this.#blocked = true;
    this.#stream.end();
    const late = () => this.#end(new Error("the server did not end the stream"));
    this.#timers.push(setTimeout(late, FAREWELL_MILLISECONDS));
  }

  #say(message: WorkRequest): void {
    if (!this.#stream.write(message)) {
      this.#blocked = true;
    }
    if (message.message?.$case === "results") {
      this.hands.sent(message.message.value.results);
    }
  }

  /** Renews the leases of all runs in hand. */
  #beat(): void {
    for (const tokens of chunks(this.hands.ledger.tokens(), this.#limits.batch)) {
      this.#stream.write({ message: { $case: "heartbeat", value: { tokens } } });
    }
  }
}

function milliseconds(span: Duration | undefined): number {
  return span === undefined ? 0 : Number(span.seconds) * 1000 + span.nanos / 1e6;
}
