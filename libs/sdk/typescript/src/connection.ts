// Where the mesh is and who asks, for workers and clients alike.

import { readFileSync } from "node:fs";

import {
  type CallOptions,
  type Client,
  type ClientOptions,
  type ServiceError,
  ChannelCredentials,
  Metadata,
  credentials,
  status,
} from "@grpc/grpc-js";

import { Backoff } from "./backoff.js";

/** The size of the largest message of the mesh. */
const MOST_BYTES = 16 * 1024 * 1024;
const CALL_MILLISECONDS = 30_000;

/** What is not given is read from the environment. */
export interface ConnectionOptions {
  /** host:port of the gateway; by default MISTRAL_GRPC, else 127.0.0.1:50051. */
  address?: string;
  /** A key or token, or what returns one: it is asked before every call. By default MISTRAL_TOKEN. */
  token?: string | (() => string | Promise<string>);
  /** PEM of the certificates to trust, or credentials of your own; by default the file MISTRAL_TLS_CA. Without, nothing is secured. */
  tls?: string | Buffer | ChannelCredentials;
  /** Further options of the gRPC channel. */
  channel?: ClientOptions;
}

type Answered<Response> = (error: ServiceError | null, response: Response) => void;

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: Answered<Response>,
) => unknown;

type Maker<C> = new (address: string, credentials: ChannelCredentials, options?: ClientOptions) => C;

export class Connection {
  readonly address: string;
  readonly #credentials: ChannelCredentials;
  readonly #options: ClientOptions;
  readonly #token: () => string | Promise<string>;

  constructor(options: ConnectionOptions, environment: NodeJS.ProcessEnv = process.env) {
    this.address = options.address || environment["MISTRAL_GRPC"] || "127.0.0.1:50051";
    const token = options.token ?? environment["MISTRAL_TOKEN"] ?? "";
    this.#token = typeof token === "function" ? token : () => token;
    this.#credentials = secured(options.tls, environment["MISTRAL_TLS_CA"]);
    this.#options = {
      "grpc.max_receive_message_length": MOST_BYTES,
      "grpc.max_send_message_length": MOST_BYTES,
      "grpc.keepalive_time_ms": 20_000,
      "grpc.keepalive_timeout_ms": 10_000,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1_000,
      ...options.channel,
    };
  }

  /** Makes the client of a service; it connects when it is first used. */
  client<C>(maker: Maker<C>): C {
    return new maker(this.address, this.#credentials, this.#options);
  }

  /** What goes along with every call. */
  async metadata(): Promise<Metadata> {
    const metadata = new Metadata();
    const token = await this.#token();
    if (token !== "") {
      metadata.set("authorization", `Bearer ${token}`);
    }
    return metadata;
  }

  /** Calls a method once, within half a minute. */
  async call<Request, Response>(
    client: Client,
    method: Method<Request, Response>,
    request: Request,
    deadline: number = Date.now() + CALL_MILLISECONDS,
  ): Promise<Response> {
    const metadata = await this.metadata();
    return new Promise((resolve, reject) => {
      method.call(client, request, metadata, { deadline }, (error, response) => {
        if (error) {
          reject(error);
        } else {
          resolve(response);
        }
      });
    });
  }

  /** Calls a method that may be repeated until the mesh is there, for half a minute at most. */
  async repeated<Request, Response>(
    client: Client,
    method: Method<Request, Response>,
    request: Request,
  ): Promise<Response> {
    const deadline = Date.now() + CALL_MILLISECONDS;
    const backoff = new Backoff();
    for (;;) {
      try {
        return await this.call(client, method, request, deadline);
      } catch (error) {
        const span = backoff.next();
        if (codeOf(error) !== status.UNAVAILABLE || Date.now() + span > deadline) {
          throw error;
        }
        await pause(span);
      }
    }
  }
}

function secured(tls: ConnectionOptions["tls"], path: string | undefined): ChannelCredentials {
  if (tls instanceof ChannelCredentials) {
    return tls;
  }
  if (tls !== undefined) {
    return credentials.createSsl(Buffer.from(tls));
  }
  if (!path) {
    return credentials.createInsecure();
  }
  try {
    return credentials.createSsl(readFileSync(path));
  } catch (error) {
    throw new Error(`MISTRAL_TLS_CA: ${(error as Error).message}`, { cause: error });
  }
}

/** Returns the status of a failed call; undefined for any other error. */
export function codeOf(error: unknown): status | undefined {
  const code = (error as Partial<ServiceError> | undefined)?.code;
  return typeof code === "number" ? code : undefined;
}

/** Waits, or until the signal aborts; it does not throw. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
  });
}
