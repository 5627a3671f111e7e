// Calls as promises with a deadline, and all that an error says.

import { CallOptions, Client, ClientReadableStream, Metadata, ServiceError, status } from "@grpc/grpc-js";

import { BadRequest, ErrorInfo } from "../gen/google/rpc/error_details";
import { Status } from "../gen/google/rpc/status";

const SECONDS = 60;

type Answered<Response> = (error: ServiceError | null, response: Response) => void;

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: Answered<Response>,
) => unknown;

/** Calls a method of a generated client. */
export function call<Request, Response>(
  client: Client,
  method: Method<Request, Response>,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    method.call(client, request, new Metadata(), { deadline: Date.now() + SECONDS * 1000 }, (error, response) => {
      if (error) {
        reject(error);
      } else {
        resolve(response);
      }
    });
  });
}

/** Reads a stream to its end. */
export async function all<Response>(stream: ClientReadableStream<Response>): Promise<Response[]> {
  const answers: Response[] = [];
  for await (const answer of stream) {
    answers.push(answer as Response);
  }
  return answers;
}

/** Waits for a call that fails, and reads all that its error says. */
export async function fault(failing: Promise<unknown>): Promise<Record<string, string>> {
  try {
    await failing;
  } catch (error) {
    return said(error as ServiceError);
  }
  return { code: "OK" };
}

function said(error: ServiceError): Record<string, string> {
  const read: Record<string, string> = { code: status[error.code] ?? String(error.code) };
  for (const bytes of error.metadata.get("grpc-status-details-bin")) {
    for (const detail of Status.decode(bytes as Buffer).details) {
      if (detail.typeUrl.endsWith("/google.rpc.ErrorInfo")) {
        const info = ErrorInfo.decode(detail.value);
        Object.assign(read, { reason: info.reason, domain: info.domain, line: info.metadata["line"] ?? "" });
      } else if (detail.typeUrl.endsWith("/google.rpc.BadRequest")) {
        for (const { field, description } of BadRequest.decode(detail.value).fieldViolations) {
          Object.assign(read, { field, description });
        }
      }
    }
  }
  return read;
}
