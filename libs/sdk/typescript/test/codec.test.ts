import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Keyring, type Sealed, parse } from "mistral-mesh-sdk";
import { MARKER, opened, sealed } from "#sdk/codec";

interface Vectors {
  keys: Record<string, string>;
  values: { name: string; kid: string; plaintext: string; envelope: Record<string, Sealed> }[];
  refused: { name: string; envelope: unknown }[];
}

// From test/build; the vectors are shared by all SDKs.
const text = readFileSync(new URL("../../../../../tests/sdk/codec_vectors.json", import.meta.url), "utf8");
const vectors = JSON.parse(text) as Vectors;
const exact = parse(text) as { documents: { plain: unknown; encoded: unknown }[]; untouched: unknown[] };
const keys = Object.fromEntries(Object.entries(vectors.keys).map(([id, key]) => [id, Buffer.from(key, "base64")]));
const ring = new Keyring("2026-05", keys);

/** Writes what has no bigint in it, or has, for the codec to read. */
async function written(value: unknown): Promise<string> {
  return (await import("mistral-mesh-sdk")).stringify(value);
}

for (const { name, kid, plaintext, envelope } of vectors.values) {
  test(`a value is sealed and opened as in all SDKs: ${name}`, () => {
    const want = envelope[MARKER]!;
    assert.deepEqual(ring.seal(kid, Buffer.from(want.iv, "base64"), plaintext), want);
    assert.equal(ring.decrypt(want), plaintext);
  });
}

test("marked values are opened wherever they are, and nothing else is touched", async () => {
  for (const { plain, encoded } of exact.documents) {
    assert.deepEqual(opened(ring, await written(encoded)), plain);
  }
  for (const value of exact.untouched) {
    assert.deepEqual(opened(ring, await written(value)), value);
  }
});

for (const { name, envelope } of vectors.refused) {
  test(`it is refused, and the error names no plaintext: ${name}`, () => {
    assert.throws(
      () => opened(ring, JSON.stringify(envelope)),
      (error: Error) => !error.message.includes("4111"),
    );
  });
}

test("marked fields are sealed, and nothing else", async () => {
  const value = { card: { number: 123456789012345678901234567890n, holder: "Ada" }, none: null };
  const hidden = sealed(ring, value, ["card.number", "missing", "none.deep"]);
  const sent = await written(hidden);
  assert.ok(!sent.includes("1234567890123") && sent.includes('"holder":"Ada"'));
  assert.deepEqual(opened(ring, sent), value);
  assert.throws(() => sealed(undefined, value, ["card"]), /no codec/);
  assert.throws(() => sealed(ring, [1], ["card"]), /no field/);
});

test("keys of a wrong size or name are refused, and are not told", () => {
  assert.throws(() => new Keyring("a", { a: Buffer.alloc(16) }), /32 are needed/);
  assert.throws(() => new Keyring("b", { a: Buffer.alloc(32) }), /no key/);
  assert.throws(() => Keyring.fromEnvironment({ MISTRAL_CODEC_KEYS: "a=!hidden" }), (e: Error) => !e.message.includes("hidden"));
  assert.equal(Keyring.fromEnvironment({}), undefined);
});
