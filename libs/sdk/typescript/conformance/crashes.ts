// Kills the process at the moment that a run of conf.crash asks for, unless its file is there already.

import { openSync } from "node:fs";

import { type Context, type Worker, parse } from "mistral-mesh-sdk";

import { note } from "./handlers.js";

interface CrashInput {
  when: "before-ack" | "running" | "after-result";
  once_file: string;
  file?: string;
}

export class Crashes {
  readonly #due = new Map<string, CrashInput>();

  constructor(worker: Worker) {
    worker.on("assigned", (run, text) => {
      const input = run.action === "conf.crash" ? (parse(text.toString()) as CrashInput) : undefined;
      if (input?.when === "before-ack") {
        die(input);
      }
    });
    worker.on("sent", (run) => {
      const input = this.#due.get(run.token);
      if (input !== undefined) {
        // The connection has taken the message; give the kernel the moment to take it too.
        setTimeout(() => die(input), 50);
      }
    });
  }

  run(input: CrashInput, context: Context): string {
    note(context, input.file, "begin");
    if (input.when === "running") {
      die(input);
    } else if (input.when === "after-result") {
      this.#due.set(context.run.token, input);
    }
    return "survived";
  }
}

/** Creates the file and kills the process, unless the file exists. */
function die({ once_file: path }: CrashInput): void {
  try {
    openSync(path, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return;
    }
    throw error;
  }
  process.kill(process.pid, "SIGKILL");
}
