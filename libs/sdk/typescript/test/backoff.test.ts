import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "#sdk/backoff";

test("waits grow to a most and begin anew after a reset", () => {
  const backoff = new Backoff(100, 1000, () => 0);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => backoff.next()), [100, 200, 400, 800, 1000, 1000]);
  backoff.reset();
  assert.equal(backoff.next(), 100);
});

test("chance takes away half of a wait at most", () => {
  assert.ok(new Backoff(1000, 1000, () => 0.999999).next() > 500);
});
