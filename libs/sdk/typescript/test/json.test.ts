import assert from "node:assert/strict";
import { test } from "node:test";

import { parse, stringify } from "mistral-mesh-sdk";

test("every digit of an integer and every letter survives", () => {
  const text = '{"big":123456789012345678901234567890,"exact":9007199254740993,"below":-9223372036854775809,"n":17,"x":0.1,"t":"Grüße 🦊 世界"}';
  const value = parse(text) as Record<string, unknown>;
  assert.equal(value["big"], 123456789012345678901234567890n);
  assert.equal(value["exact"], 9007199254740993n);
  assert.equal(value["n"], 17);
  assert.equal(value["x"], 0.1);
  assert.equal(stringify(value), text);
});

test("a long fraction is a number, and a long text stays a text", () => {
  assert.deepEqual(parse('[0.12345678901234567890, 1e20, "1234567890123456789"]'), [0.12345678901234568, 1e20, "1234567890123456789"]);
});

test("nothing is null, and what is no JSON is refused", () => {
  assert.equal(parse(""), null);
  assert.equal(stringify(undefined), "null");
  const round: { self?: unknown; big?: bigint } = {};
  round.self = round;
  assert.throws(() => stringify(round));
  round.big = 1n;
  assert.throws(() => stringify(round));
});

test("a key cannot reach the prototype of what was read", () => {
  const value = parse('{"__proto__": {"polluted": 12345678901234567890}}') as Record<string, unknown>;
  assert.equal(value["polluted"], undefined);
});
