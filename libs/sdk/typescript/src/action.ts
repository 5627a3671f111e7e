// Actions that a worker offers, and how one is run on an input.

import { type Codec, opened, sealed } from "./codec.js";
import type { Context } from "./context.js";
import { Failure, deferred, messageOf } from "./failure.js";
import type { ActionOffer } from "./gen/mistral/v1/worker.js";
import { stringify } from "./json.js";
import { type InputOf, type JsonSchema, type Schema, checkedInput, jsonSchemaOf } from "./schema.js";

/** What a handler may return. */
export type Returned<Output> = Output | typeof deferred | Promise<Output | typeof deferred>;

/** An action: what it is called, what it takes, and what it does. */
export interface ActionOptions<S extends Schema = Schema, Output = unknown> {
  /** Name that tasks call it by, such as `images.resize`. */
  name: string;
  /** What it does, for people; the first line stands in lists. */
  description?: string;
  /** Schema of its input, an object: a JSON Schema, or one of zod or a like library. What does not fit is refused. */
  input?: S;
  /** JSON Schema of its result, for people and tools. */
  output?: JsonSchema;
  /** A second run does no harm: the action is run again when a worker is lost. */
  safeRerun?: boolean;
  /** Offers it to all projects, which the policy must allow. */
  public?: boolean;
  /** Most runs of it at once in this worker; by default the slots. */
  concurrency?: number;
  /** Fields of the result to encrypt, such as `card.number`. */
  secrets?: readonly string[];
  /** Returns the result, a JSON value. */
  handler: (input: InputOf<S>, context: Context) => Returned<Output>;
}

/** An action as the worker keeps it. */
export interface Action {
  readonly offer: ActionOffer;
  readonly secrets: readonly string[];
  /** Runs the handler on an input as it came, and returns the result as it goes; undefined when it is deferred. */
  readonly perform: (input: Buffer, context: Context, codec: Codec | undefined) => Promise<Buffer | undefined>;
}

/** Checks what is said of an action. Throws a TypeError that names what is wrong. */
export function actionOf<S extends Schema, Output>(options: ActionOptions<S, Output>): Action {
  const { name } = options;
  if (name === "" || name.length > 255) {
    throw new TypeError(`an action's name has 1 to 255 characters: "${name}"`);
  }
  if (name.startsWith("std.")) {
    throw new TypeError(`names that begin with "std." are taken: "${name}"`);
  }
  const secrets = options.secrets ?? [];
  const offer: ActionOffer = {
    name,
    description: options.description ?? "",
    inputSchema: jsonSchemaOf(options.input),
    outputSchema: options.output === undefined ? "" : stringify(options.output),
    safeRerun: options.safeRerun ?? false,
    public: options.public ?? false,
    concurrency: options.concurrency ?? 0,
  };
  return {
    offer,
    secrets,
    perform: async (text, context, codec) => {
      const input = await checkedInput(options.input, decrypted(codec, text));
      const output = await options.handler(input as InputOf<S>, context);
      return output === deferred ? undefined : written(codec, output, secrets);
    },
  };
}

function decrypted(codec: Codec | undefined, text: Buffer): unknown {
  try {
    return opened(codec, text.toString());
  } catch (error) {
    throw new Failure(messageOf(error), { type: "DecryptionFailed" });
  }
}

function written(codec: Codec | undefined, output: unknown, secrets: readonly string[]): Buffer {
  let hidden: unknown;
  try {
    hidden = sealed(codec, output, secrets);
  } catch (error) {
    throw new Failure(messageOf(error), { type: "EncryptionFailed" });
  }
  try {
    return Buffer.from(stringify(hidden));
  } catch (error) {
    throw new Failure(messageOf(error), { type: "InvalidResult", permanent: true });
  }
}
