import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "#sdk/outbox";
import type { AssignmentProgress, AssignmentResult } from "mistral-mesh-sdk/gen/worker";
import type { WorkRequest } from "mistral-mesh-sdk/gen/worker_service";

const LIMITS = { batch: 3, bytes: 1000 };

function success(token: string, bytes = 1): AssignmentResult {
  return { token, outcome: { $case: "success", value: { output: Buffer.alloc(bytes), encoding: "json" } } };
}

function progress(token: string, told: Partial<AssignmentProgress> = {}): AssignmentProgress {
  return { token, lines: [], ...told };
}

function line(message: string) {
  return { time: undefined, level: 2, message };
}

function kinds(messages: WorkRequest[]): string[] {
  return messages.map(({ message }) => {
    const [list] = Object.values(message!.value) as unknown[][];
    return `${message!.$case} ${list!.length}`;
  });
}

test("acks, progress and results go in that order, and once", () => {
  const box = new Outbox();
  box.result(success("a"));
  box.note(progress("a"));
  ["a", "b", "c", "d"].forEach((token) => box.ack(token));
  assert.deepEqual(kinds(box.take(LIMITS, 0).messages), ["acks 3", "acks 1", "progress 1", "results 1"]);
  assert.deepEqual(box.take(LIMITS, 0), { messages: [], again: 0 });
});

test("messages keep to the terms", () => {
  const box = new Outbox();
  [10, 10, 10, 10, 600, 600, 5000, 10].forEach((bytes, index) => box.result(success(String(index), bytes)));
  assert.deepEqual(kinds(box.take(LIMITS, 0).messages), ["results 3", "results 2", "results 1", "results 1", "results 1"]);
});

test("progress that is told often is sent seldom, and whole", () => {
  const box = new Outbox();
  box.note(progress("a", { percent: 10, details: Buffer.from("1") }));
  assert.deepEqual(kinds(box.take(LIMITS, 1000).messages), ["progress 1"]);
  box.note(progress("a", { lines: [line("one")] }));
  box.note(progress("a", { percent: 20, lines: [line("two")] }));
  assert.deepEqual(box.take(LIMITS, 1025), { messages: [], again: 75 });
  const { message } = box.take(LIMITS, 1100).messages[0]!;
  assert.ok(message?.$case === "progress");
  const [told] = message.value.progress;
  assert.equal(told!.percent, 20);
  assert.deepEqual(told!.lines.map((said) => said.message), ["one", "two"]);
});

test("a new session sends all results again, and no acks", () => {
  const box = new Outbox();
  box.ack("a");
  box.result(success("b"));
  box.reconnected([success("b"), success("c")]);
  assert.deepEqual(kinds(box.take(LIMITS, 0).messages), ["results 2"]);
});

test("the progress of a forgotten run is not sent", () => {
  const box = new Outbox();
  box.note(progress("a"));
  box.forget("a");
  assert.deepEqual(box.take(LIMITS, 0), { messages: [], again: 0 });
});
