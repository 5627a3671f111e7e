// Where a worker writes what it does: never inputs, results or tokens.

export type Level = "debug" | "info" | "warn" | "error";

/** Takes lines with fields, as most libraries for logs do; `console` is one, too. */
export type Logger = Record<Level, (message: string, fields?: Record<string, unknown>) => void>;

/** Writes JSON lines to standard error, from info on. */
export const jsonLines: Logger = {
  debug: () => undefined,
  info: (message, fields) => write("info", message, fields),
  warn: (message, fields) => write("warn", message, fields),
  error: (message, fields) => write("error", message, fields),
};

/** Writes nothing. */
export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function write(level: Level, message: string, fields?: Record<string, unknown>): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
}
