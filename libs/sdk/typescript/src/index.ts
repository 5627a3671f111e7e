// Everything that programs use. What is not here may change.

export type { ActionOptions, Returned } from "./action.js";
export { Client, type MistralClientOptions, type StartOptions } from "./client.js";
export { type Codec, Keyring, type Sealed } from "./codec.js";
export { type ConnectionOptions, codeOf } from "./connection.js";
export type { Context, Progress, Run } from "./context.js";
export { Execution, type ExecutionEvent, ExecutionFailed, type State, type Status } from "./execution.js";
export { Cancelled, DrainTimeout, Failure, type FailureOptions, LeaseLost, Superseded, deferred } from "./failure.js";
export { type Json, parse, stringify } from "./json.js";
export { type Logger, jsonLines, silent } from "./log.js";
export { type FromJsonSchema, type JsonSchema, type Schema, type StandardSchema, secret } from "./schema.js";
export type { Outcome, Trial } from "./trial.js";
export { Worker, type WorkerEvents, type WorkerOptions } from "./worker.js";
