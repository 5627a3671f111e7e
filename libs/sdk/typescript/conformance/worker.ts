// The worker that the conformance suite of the SDKs drives. What it offers is the same in every language; tests/sdk/README.md
// describes it.

import { Keyring, Worker, deferred } from "mistral-mesh-sdk";

import { Crashes } from "./crashes.js";
import { blob, echo, fail, note, odd, progress, sleep } from "./handlers.js";

const FILE = { type: "string" } as const;

function labels(text: string): Record<string, string> {
  const pairs = text.split(",").filter((pair) => pair.includes("="));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

const codec = Keyring.fromEnvironment();
const worker = new Worker({ labels: labels(process.env["MISTRAL_LABELS"] ?? ""), ...(codec && { codec }) });
const crashes = new Crashes(worker);

worker.action({ name: "conf.echo", handler: echo });
worker.action({ name: "conf.fail", handler: fail });
worker.action({ name: "conf.odd", handler: odd });
worker.action({
  name: "conf.sleep",
  input: { type: "object", properties: { seconds: { type: "number" }, file: FILE }, required: ["seconds"] },
  handler: sleep,
});
worker.action({
  name: "conf.progress",
  input: {
    type: "object",
    properties: { steps: { type: "integer" }, seconds: { type: "number" }, file: FILE },
    required: ["steps"],
  },
  handler: progress,
});
worker.action({
  name: "conf.crash",
  input: {
    type: "object",
    properties: { when: { enum: ["before-ack", "running", "after-result"] }, once_file: FILE, file: FILE },
    required: ["when", "once_file"],
  },
  handler: (input, context) => crashes.run(input, context),
});
worker.action({
  name: "conf.defer",
  input: { type: "object", properties: { file: FILE } },
  handler: (input, context) => {
    note(context, input.file, "begin");
    return deferred;
  },
});
worker.action({
  name: "conf.blob",
  input: { type: "object", properties: { size: { type: "integer" }, letter: { type: "integer" } }, required: ["size"] },
  handler: blob,
});
if (codec !== undefined) {
  worker.action({
    name: "conf.secret",
    secrets: ["secret"],
    handler: ({ secret }) => ({ secret, length: [...String(secret)].length }),
  });
}
worker.on("connected", () => console.log("ready"));
await worker.run();
