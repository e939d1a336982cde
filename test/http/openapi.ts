import type { FastifyInstance } from 'fastify';
import { asObject } from './http-under-test.ts';

/** One operation of the OpenAPI document. */
export interface Operation {
  /** as in `post /v1/orders/{id}/transitions` */
  name: string;
  method: string;
  path: string;
  operation: Record<string, unknown>;
  /** the codes of the problems that it documents, by status */
  codes: Map<number, string[]>;
}

export async function readDocument(app: FastifyInstance): Promise<Record<string, unknown>> {
  return (await app.inject('/openapi.json')).json<Record<string, unknown>>();
}

export function operationsOf(document: Record<string, unknown>): Operation[] {
  return Object.entries(asObject(document.paths)).flatMap(([path, methods]) =>
    Object.entries(asObject(methods)).map(([method, value]) => {
      const operation = asObject(value);
      return { name: `${method} ${path}`, method, path, operation, codes: codesOf(operation) };
    }),
  );
}

/** The operation that serves a request; undefined if there is none. */
export function operationOf(operations: Operation[], method: string, url: string): Operation | undefined {
  const path = url.split('?', 1)[0] ?? '';
  return operations.find(
    (operation) =>
      operation.method === method.toLowerCase() &&
      new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
}

function codesOf(operation: Record<string, unknown>): Map<number, string[]> {
  const codes = new Map<number, string[]>();
  for (const [status, response] of Object.entries(asObject(operation.responses))) {
    const { content } = asObject(response) as { content?: Record<string, { schema: { allOf?: unknown[] } }> };
    const schema = content?.['application/problem+json']?.schema;
    if (schema === undefined) continue;
    const [, narrowed] = schema.allOf ?? [];
    const { properties } = narrowed as { properties: { code: { enum: string[] } } };
    codes.set(Number(status), properties.code.enum);
  }
  return codes;
}
