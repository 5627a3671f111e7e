// A server that says what a test wants it to say, over a real connection.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { Server, ServerCredentials, type ServerDuplexStream, type StatusObject } from "@grpc/grpc-js";

import { type Context, Worker, type WorkerOptions, silent } from "mistral-mesh-sdk";
import { Assignment, type AssignmentResult, type Rejection } from "mistral-mesh-sdk/gen/worker";
import {
  type WorkRequest,
  type WorkResponse,
  type WorkerHello,
  WorkerServiceService,
} from "mistral-mesh-sdk/gen/worker_service";

const PATIENCE = 20_000;

type Stream = ServerDuplexStream<WorkRequest, WorkResponse>;
type Said = NonNullable<WorkRequest["message"]>;
type Kind = Said["$case"];
type ValueOf<K extends Kind> = Extract<Said, { $case: K }>["value"];

/** Waits for a condition. */
export async function until<T>(look: () => T | undefined, what: string): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await pause(5)) {
    const found = look();
    if (found !== undefined) {
      return found;
    }
  }
  assert.fail(`waited in vain for ${what}`);
}

/** One session of a worker, played by a test. */
export class Visit {
  readonly said: Said[] = [];
  ended = false;

  constructor(
    readonly stream: Stream,
    readonly hello: WorkerHello,
  ) {}

  get token(): string {
    return String(this.stream.metadata.get("authorization")[0] ?? "");
  }

  say(message: WorkResponse["message"]): void {
    this.stream.write({ message });
  }

  welcome(rejections: Rejection[] = []): this {
    const terms = {
      lease: { seconds: 10n, nanos: 0 },
      heartbeatInterval: { seconds: 0n, nanos: 50_000_000 },
      largestBatch: 10,
      largestPayloadBytes: 1000n,
    };
    this.say({ $case: "welcome", value: { session: "s", executor: "e", terms, resumed: [], rejections } });
    return this;
  }

  assign(action: string, tokens: string[], more: Partial<Assignment> = {}): void {
    const input = Buffer.from('{"n":9007199254740993}');
    const assignments = tokens.map((token) =>
      Assignment.fromPartial({ token, action, input, encoding: "json", attempt: 1, idempotencyKey: `key of ${token}`, ...more }),
    );
    this.say({ $case: "assignments", value: { assignments } });
  }

  record(...tokens: string[]): void {
    this.say({ $case: "recorded", value: { tokens } });
  }

  /** Takes the next thing of a kind that the worker says; what came before it is dropped. */
  next<K extends Kind>(kind: K, fits: (value: ValueOf<K>) => boolean = () => true): Promise<ValueOf<K>> {
    return until(() => {
      const index = this.said.findIndex(({ $case, value }) => $case === kind && fits(value as ValueOf<K>));
      return index < 0 ? undefined : (this.said.splice(0, index + 1).at(-1)!.value as ValueOf<K>);
    }, `the worker to say ${kind}`);
  }

  async result(): Promise<AssignmentResult> {
    const { results } = await this.next("results");
    assert.equal(results.length, 1);
    return results[0]!;
  }

  fail(code: number, details = ""): void {
    this.stream.emit("error", { code, details } satisfies Partial<StatusObject>);
  }
}

export class Peer {
  address = "";
  readonly #visits: Visit[] = [];
  readonly #server = new Server();

  async start(): Promise<this> {
    this.#server.addService(WorkerServiceService, { work: (stream: Stream) => this.#work(stream) });
    const port = await new Promise<number>((resolve, reject) => {
      const bound = (error: Error | null, port: number) => (error ? reject(error) : resolve(port));
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), bound);
    });
    this.address = `127.0.0.1:${port}`;
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  /** Waits for the worker to connect. */
  session(): Promise<Visit> {
    return until(() => this.#visits.shift(), "the worker to connect");
  }

  #work(stream: Stream): void {
    let visit: Visit | undefined;
    stream.on("data", ({ message }: WorkRequest) => {
      if (visit !== undefined) {
        visit.said.push(message!);
      } else if (message?.$case === "hello") {
        visit = new Visit(stream, message.value);
        this.#visits.push(visit);
      }
    });
    stream.on("end", () => {
      visit!.ended = true;
    });
    stream.on("error", () => undefined);
  }
}

/** A worker at a peer, with an action `go` that waits for its release, and `echo`. */
export class Stage {
  readonly begun: Context[] = [];
  readonly #releases: (() => void)[] = [];
  readonly worker: Worker;
  running: Promise<void> | undefined;

  constructor(
    readonly peer: Peer,
    options: WorkerOptions = {},
  ) {
    this.worker = new Worker({ address: peer.address, id: "w", slots: 2, log: silent, ...options });
    this.worker.action({ name: "echo", handler: (input) => input });
    this.worker.action({
      name: "go",
      handler: (_, context) => {
        this.begun.push(context);
        return new Promise<string>((resolve, reject) => {
          this.#releases.push(() => resolve("done"));
          context.signal.addEventListener("abort", () => reject(context.signal.reason));
        });
      },
    });
  }

  run(): this {
    this.running = this.worker.run({ signals: false });
    // Looked at by the tests that care.
    this.running.catch(() => undefined);
    return this;
  }

  /** Waits for so many runs to have begun. */
  async beginning(count: number): Promise<void> {
    await until(() => (this.begun.length >= count ? true : undefined), `${count} runs to begin`);
  }

  release(): void {
    this.#releases.shift()!();
  }
}
