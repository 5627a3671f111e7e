// A client: uploads workflows, starts them, and completes deferred runs.

import { randomUUID } from "node:crypto";

import { status } from "@grpc/grpc-js";

import { type Codec, sealed } from "./codec.js";
import { Connection, type ConnectionOptions, codeOf } from "./connection.js";
import { Execution } from "./execution.js";
import { LeaseLost, failureOf } from "./failure.js";
import { ExecutionServiceClient, StartExecutionRequest } from "./gen/mistral/v1/execution_service.js";
import type { AssignmentResult } from "./gen/mistral/v1/worker.js";
import { WorkerServiceClient } from "./gen/mistral/v1/worker_service.js";
import { CreateWorkflowsRequest, UpdateWorkflowsRequest, WorkflowServiceClient } from "./gen/mistral/v1/workflow_service.js";
import { stringify } from "./json.js";

/** What is not given is read from the environment. */
export interface MistralClientOptions extends ConnectionOptions {
  /** Encrypts the marked fields of inputs and decrypts outputs. */
  codec?: Codec;
}

/** More about a start. */
export interface StartOptions {
  /**
   * A key of your own: a start under the same key is the same start. By default it is made by chance, so that a start
   * that is repeated because of a broken connection happens once.
   */
  requestId?: string;
  /** Namespace the workflow is looked up in. */
  namespace?: string;
  /** Start parameters such as `env`. */
  params?: Record<string, unknown>;
  /** Free text, shown with the execution. */
  description?: string;
  /** Fields of the input to encrypt, such as `card.number`. */
  secrets?: readonly string[];
}

/** Uploads, starts, watches and steers workflows. Errors of calls are grpc-js's, with `code` and `details`. */
export class Client {
  readonly #connection: Connection;
  readonly #codec: Codec | undefined;
  readonly #workflows: WorkflowServiceClient;
  readonly #executions: ExecutionServiceClient;
  readonly #workers: WorkerServiceClient;

  constructor(options: MistralClientOptions = {}) {
    this.#connection = new Connection(options);
    this.#codec = options.codec;
    this.#workflows = this.#connection.client(WorkflowServiceClient);
    this.#executions = this.#connection.client(ExecutionServiceClient);
    this.#workers = this.#connection.client(WorkerServiceClient);
  }

  /** Ends the connection; without it the process may not end. */
  close(): void {
    for (const client of [this.#workflows, this.#executions, this.#workers]) {
      client.close();
    }
  }

  /** The connection, for services that this client does not wrap: see the package's `gen/`. */
  get connection(): Connection {
    return this.#connection;
  }

  /**
   * Stores the workflows of a YAML or JSON document and returns their names: new ones are created, and if one exists
   * already, the whole document replaces what is stored.
   */
  async upload(definition: string): Promise<string[]> {
    const workflows = this.#workflows;
    try {
      const create = CreateWorkflowsRequest.fromPartial({ definition });
      const stored = await this.#connection.call(workflows, workflows.createWorkflows, create);
      return stored.workflows.map(({ name }) => name);
    } catch (error) {
      if (codeOf(error) !== status.ALREADY_EXISTS) {
        throw error;
      }
    }
    const update = UpdateWorkflowsRequest.fromPartial({ definition });
    const replaced = await this.#connection.call(workflows, workflows.updateWorkflows, update);
    return replaced.workflows.map(({ name }) => name);
  }

  /** Starts a workflow and returns its execution once the start is durable. */
  async start(
    workflow: string,
    input: Record<string, unknown> = {},
    { requestId = randomUUID(), namespace, params, description, secrets = [] }: StartOptions = {},
  ): Promise<Execution> {
    const request = StartExecutionRequest.fromPartial({
      workflow,
      namespace: namespace ?? "",
      input: stringify(sealed(this.#codec, input, secrets)),
      params: params === undefined ? "" : stringify(params),
      description: description ?? "",
      requestId,
    });
    const executions = this.#executions;
    const { execution } = await this.#connection.repeated(executions, executions.startExecution, request);
    return this.execution(execution!.id);
  }

  /** Names an execution by its id; it asks nobody whether there is one. */
  execution(id: string): Execution {
    return new Execution(id, this.#connection, this.#executions, this.#codec);
  }

  /** Ends a deferred run well. The token is `context.run.token`; nobody else must know it. */
  async complete(token: string, result: unknown): Promise<void> {
    const output = Buffer.from(stringify(result));
    await this.#complete({ token, outcome: { $case: "success", value: { output, encoding: "json" } } });
  }

  /** Ends a deferred run badly. */
  async fail(token: string, error: unknown): Promise<void> {
    await this.#complete({ token, outcome: { $case: "failure", value: failureOf(error) } });
  }

  async #complete(result: AssignmentResult): Promise<void> {
    const workers = this.#workers;
    const request = { results: [result] };
    const { rejections } = await this.#connection.repeated(workers, workers.completeAssignments, request);
    const [rejection] = rejections;
    if (rejection !== undefined) {
      throw new LeaseLost(rejection.message);
    }
  }
}
