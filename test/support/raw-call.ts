import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import type { Test } from 'tap';
import { status } from '@grpc/grpc-js';

/** An HTTP/2 connection to a gRPC server, from the given local address. */
export function connection(t: Test, address: string, from = '127.0.0.1'): ClientHttp2Session {
  const [host = '', port] = address.split(':');
  const session = connectHttp2(`http://${address}`, {
    createConnection: () => connect({ host, port: Number(port), localAddress: from }),
  });
  session.on('error', () => undefined);
  t.teardown(() => session.destroy());
  return session;
}

export interface RawAnswer {
  /** name of the gRPC status */
  code: string | undefined;
  message: string;
}

/** One gRPC call with the given bytes as its message. @throws Error if the connection breaks */
export async function rawCall(
  session: ClientHttp2Session,
  path: string,
  { message = Buffer.alloc(0), headers = {} }: { message?: Buffer; headers?: Record<string, string> } = {},
): Promise<RawAnswer> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const received: IncomingHttpHeaders = {};
  stream.on('response', (head) => void Object.assign(received, head));
  stream.on('trailers', (trailers) => void Object.assign(received, trailers));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([head, message]));
  stream.resume();
  await once(stream, 'close');
  const code = received['grpc-status'];
  if (code === undefined) throw new Error('The stream ended without a status.');
  return { code: status[Number(code)], message: decodeURIComponent(String(received['grpc-message'] ?? '')) };
}
