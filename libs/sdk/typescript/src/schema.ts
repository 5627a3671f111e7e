// Schemas of inputs: plain JSON Schemas, whose types are read off them, or those of a library such as zod.

import { Failure } from "./failure.js";
import { isObject, stringify } from "./json.js";

/** A JSON Schema, as it is. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** A schema of any library that follows Standard Schema, such as zod 4. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type Schema = JsonSchema | StandardSchema;

type Named = {
  string: string;
  number: number;
  // One that a number cannot hold arrives as a bigint: declare the input's type yourself where that may be.
  integer: number;
  boolean: boolean;
  null: null;
};

type Properties<S> = S extends { readonly properties: infer P } ? P : Record<never, never>;

type Required<S> = S extends { readonly required: readonly (infer R)[] } ? R : never;

type ObjectOf<S> = S extends { readonly properties: object }
  ? { [K in keyof Properties<S> as K extends Required<S> ? K : never]: FromJsonSchema<Properties<S>[K]> } & {
      [K in keyof Properties<S> as K extends Required<S> ? never : K]?: FromJsonSchema<Properties<S>[K]>;
    }
  : Record<string, unknown>;

type Typed<T, S> = T extends keyof Named
  ? Named[T]
  : T extends "object"
    ? ObjectOf<S>
    : T extends "array"
      ? (S extends { readonly items: infer I } ? FromJsonSchema<I> : unknown)[]
      : unknown;

/** The type of the values that fit a JSON Schema, as far as types can say. */
export type FromJsonSchema<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly type: readonly (infer T)[] }
      ? T extends string
        ? Typed<T, S>
        : unknown
      : S extends { readonly type: infer T }
        ? Typed<T, S>
        : unknown;

/** The type of what a handler gets. */
export type InputOf<S> = S extends StandardSchema<unknown, infer Output>
  ? Output
  : S extends { readonly type: "object" }
    ? FromJsonSchema<S>
    : Record<string, unknown>;

function isStandard(schema: Schema): schema is StandardSchema {
  return (typeof schema === "object" || typeof schema === "function") && "~standard" in schema;
}

/** Writes the JSON Schema of a schema; empty if it cannot say one. */
export function jsonSchemaOf(schema: Schema | undefined): string {
  if (schema === undefined) {
    return "";
  }
  if (!isStandard(schema)) {
    return stringify(schema);
  }
  const told = (schema["~standard"] as { jsonSchema?: { input(options: { target: string }): unknown } }).jsonSchema;
  return told === undefined ? "" : stringify(told.input({ target: "draft-2020-12" }));
}

/** Returns what a handler gets of an input: a library's schema may convert it. A plain JSON Schema was checked by the mesh. */
export async function checkedInput(schema: Schema | undefined, input: unknown): Promise<unknown> {
  if (!isObject(input)) {
    throw new Failure("the input is no object", { type: "InvalidInput", permanent: true });
  }
  if (schema === undefined || !isStandard(schema)) {
    return input;
  }
  const result = await schema["~standard"].validate(input);
  if (result.issues === undefined) {
    return result.value;
  }
  throw new Failure(result.issues.map(said).join("; "), { type: "InvalidInput", permanent: true });
}

function said({ path, message }: Issue): string {
  const way = (path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".");
  return way === "" ? message : `${way}: ${message}`;
}

/** What an encrypted value looks like to the mesh; `secret(schema)` is a JSON Schema that lets it in as well. */
export function secret<const S extends JsonSchema>(schema: S): S {
  const marked = { type: "object", required: ["$mistral.encrypted"] };
  // Handlers see it decrypted, so the type is that of the schema.
  return { anyOf: [schema, marked] } as unknown as S;
}
