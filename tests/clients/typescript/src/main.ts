// A generated client runs one scenario against a mesh: `node build/src/main.js ADDRESS PLAN.json`.
// It prints what it saw as one JSON object.

import { readFileSync } from "node:fs";

import { credentials } from "@grpc/grpc-js";

import { ExecutionServiceClient } from "../gen/mistral/v1/execution_service";
import { TaskServiceClient } from "../gen/mistral/v1/task_service";
import { WorkflowServiceClient } from "../gen/mistral/v1/workflow_service";
import { Plan, Scenario } from "./scenario";

async function main(address: string, path: string): Promise<void> {
  const plan = JSON.parse(readFileSync(path, "utf8")) as Plan;
  const plain = credentials.createInsecure();
  const mesh = {
    workflows: new WorkflowServiceClient(address, plain),
    executions: new ExecutionServiceClient(address, plain),
    tasks: new TaskServiceClient(address, plain),
  };
  try {
    console.log(JSON.stringify(await new Scenario(mesh, plan).report()));
  } finally {
    Object.values(mesh).forEach((client) => client.close());
  }
}

const [address, path] = process.argv.slice(2);
if (address === undefined || path === undefined) {
  console.error("usage: main.js ADDRESS PLAN.json");
  process.exitCode = 2;
} else {
  main(address, path).catch((error: unknown) => {
    console.error("client:", error);
    process.exitCode = 1;
  });
}
