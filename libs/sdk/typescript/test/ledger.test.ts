import assert from "node:assert/strict";
import { test } from "node:test";

import type { Run } from "mistral-mesh-sdk";
import { Ledger } from "#sdk/ledger";

const nothing = () => undefined;

function assigned(ledger: Ledger, ...tokens: string[]): boolean[] {
  return tokens.map((token) => ledger.assign({ token } as Run, nothing));
}

function finished(ledger: Ledger, token: string): boolean {
  return ledger.finish({ token, outcome: { $case: "cancellation", value: {} } });
}

test("credits fill the slots, and each run that ends gives one more", () => {
  const ledger = new Ledger(3);
  assert.equal(ledger.more(), 3);
  assigned(ledger, "a", "b");
  assert.equal(ledger.more(), 0);
  finished(ledger, "a");
  assert.equal(ledger.more(), 1);
});

test("a session begins without credits, and what runs takes slots", () => {
  const ledger = new Ledger(3);
  ledger.more();
  assigned(ledger, "a", "b");
  finished(ledger, "b");
  ledger.disconnected();
  assert.equal(ledger.more(), 2);
});

test("a rejected run takes its slot until its handler ends", () => {
  const ledger = new Ledger(1);
  ledger.more();
  assigned(ledger, "a");
  ledger.forget("a");
  assert.equal(ledger.more(), 0);
  assert.equal(ledger.idle, false);
  assert.equal(finished(ledger, "a"), false);
  assert.equal(ledger.more(), 1);
  assert.equal(ledger.idle, true);
});

test("a run that comes twice is begun once", () => {
  const ledger = new Ledger(5);
  ledger.more();
  assert.deepEqual(assigned(ledger, "a", "a"), [true, false]);
  assert.equal(ledger.more(), 1);
});

test("what is held is named until it is recorded", () => {
  const ledger = new Ledger(5);
  assigned(ledger, "c", "a", "b");
  finished(ledger, "a");
  assert.deepEqual(ledger.tokens(), ["c", "a", "b"]);
  assert.deepEqual(ledger.held().map((one) => one.finished), [false, true, false]);
  assert.deepEqual(ledger.unrecorded().map((one) => one.token), ["a"]);
  assert.ok(ledger.forget("a"));
  assert.deepEqual(ledger.unrecorded(), []);
});

test("a worker that leaves asks for nothing", () => {
  const ledger = new Ledger(5);
  ledger.draining = true;
  assert.equal(ledger.more(), 0);
});
