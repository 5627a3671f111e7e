// What the worker of the conformance suite does.

import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import { Cancelled, type Context, Failure } from "mistral-mesh-sdk";

type Input = Record<string, unknown>;

/** Appends a line to a file that a scenario looks into, if there is one. */
export function note({ run }: Context, file: string | undefined, event: string): void {
  if (file !== undefined) {
    appendFileSync(file, `${event} ${process.env["MISTRAL_WORKER_ID"]} ${run.idempotencyKey} ${run.attempt}\n`);
  }
}

export function echo(input: Input): Input {
  return input;
}

export function fail(input: Input, context: Context): never {
  note(context, input["file"] as string | undefined, "begin");
  throw new Failure(String(input["message"] ?? ""), {
    type: String(input["type"] ?? ""),
    details: input["details"],
    permanent: Boolean(input["permanent"]),
  });
}

export function odd(): never {
  throw "odd";
}

export async function sleep({ seconds, file }: { seconds: number; file?: string }, context: Context): Promise<Input> {
  note(context, file, "begin");
  try {
    await pause(seconds * 1000, undefined, { signal: context.signal });
  } catch (error) {
    const { reason } = context.signal;
    if (reason instanceof Cancelled || (reason as Error | undefined)?.name === "TimeoutError") {
      note(context, file, "cancelled");
    }
    throw error;
  }
  note(context, file, "end");
  return { slept: seconds };
}

export async function progress(
  { steps, seconds = 0.05, file }: { steps: number; seconds?: number; file?: string },
  context: Context,
): Promise<Input> {
  const from = (context.lastProgress<{ step: number }>()?.step ?? 0) + 1;
  for (let step = from; step <= steps; step += 1) {
    await pause(seconds * 1000, undefined, { signal: context.signal });
    context.log.info(`step ${step}`);
    context.progress({ percent: (100 * step) / steps, details: { step } });
    note(context, file, "step");
  }
  return { from, steps };
}

export function blob({ size, letter = 120 }: { size: number; letter?: number }): string {
  return String.fromCodePoint(letter).repeat(size);
}
