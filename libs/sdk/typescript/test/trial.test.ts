import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";

import { Cancelled, Failure, Keyring, Worker, deferred, secret, silent } from "mistral-mesh-sdk";
import { jsonSchemaOf } from "#sdk/schema";
import { cut } from "#sdk/context";

const SIZE = { type: "object", properties: { url: { type: "string" }, width: { type: "integer" } }, required: ["url"] } as const;

function worker(codec?: Keyring): Worker {
  return new Worker({ log: silent, ...(codec && { codec }) });
}

test("a handler is tried without a server", async () => {
  const resizer = worker().action({
    name: "images.resize",
    input: SIZE,
    handler: async ({ url, width = 1 }, context) => {
      const step = context.lastProgress<{ step: number }>()?.step ?? 0;
      context.log.info("resizing", { width: width + 0 });
      context.progress({ percent: 50, details: { step: step + 1 } });
      return { url: url.toUpperCase(), attempt: context.run.attempt };
    },
  });
  const outcome = await resizer.try("images.resize", { url: "x", width: 10 }, { attempt: 2, lastProgress: { step: 4 } });
  assert.deepEqual(outcome.result, { url: "X", attempt: 2 });
  assert.deepEqual(outcome.progress, { percent: 50, details: { step: 5 } });
  assert.deepEqual(outcome.lines, ["resizing width=10"]);
});

test("a failure keeps type, details and permanence", async () => {
  const failing = worker().action({
    name: "fail",
    handler: () => {
      throw new Failure("no money", { type: "CardDeclined", details: { sum: 2n ** 70n }, permanent: true });
    },
  });
  const { failure } = await failing.try("fail", {});
  const details = { sum: 1180591620717411303424n };
  assert.deepEqual(failure, { type: "CardDeclined", message: "no money", details, permanent: true });
});

test("zod checks and converts an input, and tells its schema", async () => {
  const input = z.object({ at: z.string().transform((text) => new Date(text)), n: z.number().default(1) });
  const dated = worker().action({ name: "date", input, handler: ({ at, n }) => at.getUTCFullYear() + n });
  assert.equal((await dated.try("date", { at: "2026-05-01" })).result, 2027);
  const { failure } = await dated.try("date", { at: 5 });
  assert.equal(failure?.type, "InvalidInput");
  assert.equal(failure?.permanent, true);
  assert.match(failure!.message, /^at: /);
  assert.equal(JSON.parse(jsonSchemaOf(input)).properties.at.type, "string");
  assert.equal((await dated.try("date", [1])).failure?.type, "InvalidInput");
});

test("handlers end in many ways", async () => {
  const all = worker()
    .action({ name: "odd", handler: () => { throw "odd"; } })
    .action({ name: "defer", handler: () => deferred })
    .action({ name: "round", handler: () => { const a: unknown[] = []; a.push(a); return a; } })
    .action({ name: "stop", handler: (_, { signal }) => { signal.throwIfAborted(); } });
  assert.equal((await all.try("odd", {})).failure?.message, "odd");
  assert.equal((await all.try("defer", {})).state, "deferred");
  assert.equal((await all.try("round", {})).failure?.type, "InvalidResult");
  assert.equal((await all.try("stop", {}, { signal: AbortSignal.abort(new Cancelled("")) })).state, "cancelled");
  await assert.rejects(all.try("unknown", {}), /does not offer/);
});

test("secrets are decrypted for the handler and encrypted in its result", async () => {
  const ring = new Keyring("k", { k: Buffer.alloc(32) });
  const input = { type: "object", properties: { text: secret({ type: "string" }) }, required: ["text"] } as const;
  const keeper = worker(ring).action({
    name: "keep", input, secrets: ["text"], handler: ({ text }) => ({ text: `${text}!` }),
  });
  const sealed = { "$mistral.encrypted": ring.encrypt('"hush"') };
  const outcome = await keeper.try("keep", { text: sealed });
  assert.deepEqual(outcome.result, { text: "hush!" });
  assert.ok(!JSON.stringify(outcome.sent).includes("hush"));
  const strange = worker(new Keyring("o", { o: Buffer.alloc(32, 1) })).action({ name: "keep", handler: () => 1 });
  assert.equal((await strange.try("keep", { text: sealed })).failure?.type, "DecryptionFailed");
});

test("what is wrong with an action or option is said at once", () => {
  const handler = () => 1;
  assert.throws(() => worker().action({ name: "std.echo", handler }), /are taken/);
  assert.throws(() => worker().action({ name: "a", handler }).action({ name: "a", handler }), /twice/);
  assert.throws(() => worker().action({ name: "a", secrets: ["b"], handler }), /no codec/);
  assert.throws(() => new Worker({ slots: 0 }), /slots/);
});

test("progress is held to its limits", async () => {
  const telling = worker()
    .action({ name: "far", handler: (_, context) => context.progress({ percent: 101 }) })
    .action({ name: "large", handler: (_, context) => context.progress({ details: "x".repeat(65536) }) });
  assert.equal((await telling.try("far", {})).state, "failure");
  assert.equal((await telling.try("large", {})).state, "failure");
  assert.equal(cut("aä🦊", 4), "aä");
});
