import type { Client, ClientReadableStream, MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { ReflectedClient } from '../grpc/reflected-client.ts';

/**
 * Stands in for grpcurl where the documents use it: `-plaintext`, `-d JSON`, `list` and calls, all by the server's
 * reflection. A field that the request does not have is an error, as it is to grpcurl.
 */
const DEADLINE_MS = 10_000;

type Done = (error: Error | null, answer: unknown) => void;
type Unary = (message: unknown, options: { deadline: number }, done: Done) => void;
type Watch = (message: unknown) => ClientReadableStream<unknown>;

const words = process.argv.slice(2);
const dataAt = words.indexOf('-d');
const data = dataAt === -1 ? '{}' : (words.splice(dataAt, 2)[1] ?? '{}');
const [address = '', action = ''] = words.filter((word) => word !== '-plaintext');

const client = new ReflectedClient(address);
try {
  if (action === 'list') print((await client.services()).join('\n'));
  else await call(action, JSON.parse(data));
} finally {
  client.close();
}

async function call(path: string, request: unknown): Promise<void> {
  const [serviceName = '', name = ''] = path.split('/');
  const service = await client.service(serviceName);
  const { [name]: method } = (service.constructor as unknown as { service: ServiceDefinition }).service;
  if (method === undefined) throw new Error(`${serviceName} has no method ${name}.`);
  refuseUnknownFields(request, method as MethodDefinition<unknown, unknown>);
  if (method.responseStream) {
    for await (const event of (service[name] as Watch).call(service, request)) print(event);
  } else print(await unary(service, service[name] as Unary, request));
}

function unary(service: Client, method: Unary, message: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    method.call(service, message, { deadline: Date.now() + DEADLINE_MS }, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}

/** The encoder drops what the message does not have. */
function refuseUnknownFields(
  message: unknown,
  { requestSerialize, requestDeserialize }: MethodDefinition<unknown, unknown>,
): void {
  const lost = lostFields(message, requestDeserialize(requestSerialize(message)), '');
  if (lost.length > 0) throw new Error(`The request has no ${lost.join(', ')}.`);
}

function lostFields(sent: unknown, received: unknown, path: string): string[] {
  if (typeof sent !== 'object' || sent === null) return sent === received ? [] : [path];
  const fields = typeof received === 'object' && received !== null ? received : {};
  return Object.entries(sent).flatMap(([name, value]) =>
    lostFields(value, (fields as Record<string, unknown>)[name], `${path}/${name}`),
  );
}

function print(value: unknown): void {
  process.stdout.write(`${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}\n`);
}
