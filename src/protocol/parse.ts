import * as v from 'valibot';
import { countSchema as count } from '#domain/runSchema.ts';
import { workerEvent } from './eventSchema.ts';
import type { RequestMessage, RequestName, Requests, WireError, WorkerMessage } from './messages.ts';
import { requestBodies } from './requestSchemas.ts';
import { responseBodies } from './responseSchemas.ts';

/** A message that does not keep to `messages.ts`: page and worker are of different versions, or a defect. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const wireError: v.GenericSchema<unknown, WireError> = v.object({
  name: v.string(),
  sentence: v.string(),
  detail: v.exactOptional(v.string()),
  code: v.exactOptional(v.string()),
});

const requestHead = v.object({ type: v.literal('request'), id: count, name: v.string(), body: v.unknown() });

const workerMessage: v.GenericSchema<unknown, WorkerMessage> = v.union([
  v.object({ type: v.literal('response'), id: count, ok: v.literal(true), body: v.unknown() }),
  v.object({ type: v.literal('response'), id: count, ok: v.literal(false), error: wireError }),
  v.object({ type: v.literal('event'), event: workerEvent }),
]);

/**
 * Narrows a message that reached the worker.
 * @throws {ProtocolError} with the sentence of every field that is not allowed.
 */
export function parseRequest(data: unknown): RequestMessage {
  const head = check(requestHead, data, 'request');
  if (!isRequestName(head.name))
    throw new ProtocolError(`request: there is no request “${head.name.slice(0, 40)}”`);
  const body = check(requestBodies[head.name], head.body, head.name);
  // `body` was checked against the schema of `head.name`; TypeScript does not track that correlation.
  return { type: 'request', id: head.id, name: head.name, body } as RequestMessage;
}

/** The id of a message that is a request in outline, so that it can be answered even if it is refused. */
export function requestId(data: unknown): number | undefined {
  const head = v.safeParse(v.object({ type: v.literal('request'), id: count }), data);
  return head.success ? head.output.id : undefined;
}

/**
 * Narrows a message that reached the page. The body of a response is narrowed by `parseResponse`, since
 * only the page knows which request has that id.
 * @throws {ProtocolError}
 */
export function parseWorkerMessage(data: unknown): WorkerMessage {
  return check(workerMessage, data, 'worker message');
}

/**
 * Narrows the body of a response to the request `name`.
 * @throws {ProtocolError}
 */
export function parseResponse<Name extends RequestName>(
  name: Name,
  body: unknown,
): Requests[Name]['response'] {
  return check(responseBodies[name], body, `response to ${name}`);
}

function isRequestName(name: string): name is RequestName {
  return Object.hasOwn(requestBodies, name);
}

function check<Output>(schema: v.GenericSchema<unknown, Output>, data: unknown, what: string): Output {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const issues = result.issues.map((issue) => {
    const path = v.getDotPath(issue);
    return path ? `${path}: ${issue.message}` : issue.message;
  });
  throw new ProtocolError(`${what}: ${issues.join('; ')}`);
}
