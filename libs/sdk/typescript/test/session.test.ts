import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { status } from "@grpc/grpc-js";

import { Cancelled, DrainTimeout, LeaseLost, Superseded, type WorkerOptions } from "mistral-mesh-sdk";
import { RejectionReason } from "mistral-mesh-sdk/gen/worker";

import { Peer, Stage, until } from "./peer.js";

async function stage(t: TestContext, options: WorkerOptions = {}): Promise<Stage> {
  const peer = await new Peer().start();
  const made = new Stage(peer, { drainTimeout: 100, ...options }).run();
  t.after(async () => {
    made.worker.drain();
    peer.stop();
    await made.running!.catch(() => undefined);
  });
  return made;
}

test("a worker says who it is, takes a run and answers", async (t) => {
  const { peer } = await stage(t, { labels: { gpu: "yes" }, queues: ["q"] });
  const visit = (await peer.session()).welcome();
  const { id, instance, slots, labels, queues, actions } = visit.hello.worker!;
  assert.deepEqual([id, slots, labels, queues], ["w", 2, { gpu: "yes" }, ["q"]]);
  assert.ok(instance.length > 10);
  assert.deepEqual(actions.map((action) => action.name), ["echo", "go"]);
  assert.equal((await visit.next("credits")).more, 2);
  visit.assign("echo", ["a"]);
  assert.deepEqual((await visit.next("acks")).tokens, ["a"]);
  const { outcome } = await visit.result();
  assert.ok(outcome?.$case === "success");
  assert.equal(outcome.value.output.toString(), '{"n":9007199254740993}');
  assert.equal((await visit.next("credits")).more, 1);
});

test("one heartbeat names all that is in hand", async (t) => {
  const { peer } = await stage(t);
  const visit = (await peer.session()).welcome();
  visit.assign("go", ["a", "b"]);
  const beat = (want: string) => visit.next("heartbeat", ({ tokens }) => tokens.join() === want);
  await beat("a,b");
  visit.assign("echo", ["c"]);
  await visit.result();
  await beat("a,b,c"); // finished, and not recorded yet
  visit.record("c");
  await beat("a,b");
});

test("a result is kept until it is recorded, over a new connection", async (t) => {
  const played = await stage(t);
  const { peer } = played;
  let visit = (await peer.session()).welcome();
  visit.assign("go", ["a", "b"]);
  await played.beginning(2);
  played.release();
  const first = await visit.result();
  assert.equal(first.token, "a");
  visit.fail(status.UNAVAILABLE);

  visit = await peer.session();
  assert.deepEqual(visit.hello.held, [{ token: "a", finished: true }, { token: "b", finished: false }]);
  visit.welcome();
  assert.deepEqual(await visit.result(), first);
  assert.equal((await visit.next("credits")).more, 1);
  visit.record("a");
  played.release();
  assert.equal((await visit.result()).token, "b");
});

test("when the server leaves, the worker connects again at once", async (t) => {
  const played = await stage(t);
  let visit = (await played.peer.session()).welcome();
  visit.assign("go", ["a"]);
  await played.beginning(1);
  visit.say({ $case: "goAway", value: { reason: "an update", deadline: undefined } });
  visit = await played.peer.session();
  assert.deepEqual(visit.hello.held, [{ token: "a", finished: false }]);
  visit.welcome();
  played.release();
  assert.equal((await visit.result()).outcome?.$case, "success");
});

test("a cancelled run stops and says so", async (t) => {
  const played = await stage(t);
  const visit = (await played.peer.session()).welcome();
  visit.assign("go", ["a"]);
  await played.beginning(1);
  const cancels = ["a", "unknown"].map((token) => ({ token, reason: "not needed", deadline: undefined }));
  visit.say({ $case: "cancels", value: { cancels } });
  assert.equal((await visit.result()).outcome?.$case, "cancellation");
  assert.ok(played.begun[0]!.signal.reason instanceof Cancelled);
});

test("a rejected run stops, and its result is not sent", async (t) => {
  const played = await stage(t);
  let visit = (await played.peer.session()).welcome();
  visit.assign("go", ["a"]);
  await played.beginning(1);
  visit.fail(status.UNAVAILABLE);
  visit = await played.peer.session();
  visit.welcome([{ token: "a", reason: RejectionReason.REJECTION_REASON_LEASE_LOST, message: "too late" }]);
  await until(() => played.begun[0]!.signal.reason as unknown, "the run to be stopped");
  assert.ok(played.begun[0]!.signal.reason instanceof LeaseLost);
  visit.assign("echo", ["b"]);
  assert.equal((await visit.result()).token, "b");
});

test("a worker that leaves ends what it has in hand first", async (t) => {
  const played = await stage(t, { drainTimeout: 20_000 });
  const visit = (await played.peer.session()).welcome();
  visit.assign("go", ["a"]);
  await played.beginning(1);
  played.worker.drain();
  await visit.next("drain");
  played.release();
  await visit.result();
  const waited = await Promise.race([played.running!.then(() => "left"), pause(100, "waits")]);
  assert.equal(waited, "waits");
  visit.record("a");
  await until(() => visit.ended || undefined, "the worker to end its stream");
  visit.stream.end();
  await played.running;
});

test("runs that do not end in time are left", async (t) => {
  const played = await stage(t, { drainTimeout: 50 });
  const visit = (await played.peer.session()).welcome();
  visit.assign("go", ["a"]);
  await played.beginning(1);
  played.worker.drain();
  await assert.rejects(played.running!, DrainTimeout);
});

test("another process of the same name ends the worker", async (t) => {
  const played = await stage(t);
  const visit = (await played.peer.session()).welcome();
  visit.assign("go", ["a"]);
  await played.beginning(1);
  visit.fail(status.ALREADY_EXISTS, "another instance");
  await assert.rejects(played.running!, Superseded);
  assert.ok(played.begun[0]!.signal.reason instanceof Superseded);
});

for (const code of ["UNAUTHENTICATED", "PERMISSION_DENIED", "INVALID_ARGUMENT"] as const) {
  test(`a worker that is not let in says why: ${code}`, async (t) => {
    const played = await stage(t);
    (await played.peer.session()).fail(status[code], "the reason");
    await assert.rejects(played.running!, /the reason/);
  });
}

test("a token is asked for at every connection", async (t) => {
  const tokens = ["one", "two"];
  const { peer } = await stage(t, { token: async () => tokens.shift() ?? "" });
  const visit = (await peer.session()).welcome();
  assert.equal(visit.token, "Bearer one");
  await visit.next("credits");
  visit.fail(status.UNAUTHENTICATED, "it has run out");
  assert.equal((await peer.session()).token, "Bearer two");
});

test("a deadline ends the signal of a run", async (t) => {
  const played = await stage(t);
  const visit = (await played.peer.session()).welcome();
  visit.assign("go", ["a"], { deadline: new Date(Date.now() + 50) });
  const { outcome } = await visit.result();
  assert.ok(outcome?.$case === "failure");
  assert.match(outcome.value.message, /time for the run/);
});

test("a result beyond the terms fails for good, and so does what is not offered", async (t) => {
  const { peer, worker } = await stage(t);
  worker.action({ name: "long", handler: () => "x".repeat(2000) });
  const visit = (await peer.session()).welcome();
  visit.assign("long", ["a"]);
  visit.assign("unknown", ["b"]);
  const types: string[] = [];
  while (types.length < 2) {
    for (const { outcome } of (await visit.next("results")).results) {
      types.push(outcome?.$case === "failure" ? outcome.value.type : "");
    }
  }
  assert.deepEqual(types.sort(), ["ResultTooLarge", "UnknownAction"]);
});
