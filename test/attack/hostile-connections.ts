import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { hostileAddress, type Scene } from './attack.ts';

type Opened = Pick<Scene, 'url' | 'grpcAddress' | 'tally'>;

/** Counts a connection and how it ended. Nobody reads from it unless the caller does. */
export function hostileSocket({ url, tally }: Opened, index: number): Socket {
  const { hostname, port } = new URL(url);
  return counted(
    tally,
    connectTcp({ host: hostname, port: Number(port), localAddress: hostileAddress(index) }),
  );
}

/** The same, to the gRPC port. */
export function hostileGrpcSocket({ grpcAddress, tally }: Opened, index: number): Socket {
  return counted(tally, connectTcp({ ...hostAndPort(grpcAddress), localAddress: hostileAddress(index) }));
}

function counted(tally: Scene['tally'], socket: Socket): Socket {
  tally.sent();
  socket.on('error', () => tally.answered('cut'));
  return socket;
}

/** Writes to a connection that may be gone. @returns false when it is */
export function writeTo(socket: Socket, data: string | Buffer): boolean {
  if (!socket.writable || socket.destroyed) return false;
  socket.write(data);
  return true;
}

/** An HTTP/2 connection to the gRPC port, without TLS. */
export function hostileSession({ grpcAddress, tally }: Opened, index: number): ClientHttp2Session {
  const target = hostAndPort(grpcAddress);
  const session = connectHttp2(`http://${grpcAddress}`, {
    createConnection: () => connectTcp({ ...target, localAddress: hostileAddress(index) }),
  });
  session.on('error', () => tally.answered('connection cut'));
  return session;
}

/** Begins a call and counts it with its status. @param message an encoded protobuf message */
export function hostileCall(
  { tally }: Pick<Scene, 'tally'>,
  session: ClientHttp2Session,
  path: string,
  message: Buffer = Buffer.alloc(0),
): Promise<void> {
  return new Promise((resolve) => {
    if (session.closed || session.destroyed) {
      resolve();
      return;
    }
    tally.sent();
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const note = (headers: Record<string, unknown>) => {
      const status = headers['grpc-status'];
      if (typeof status === 'string') tally.answered(`grpc ${status}`);
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', () => tally.answered('reset'));
    stream.on('close', () => resolve());
    stream.resume();
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
}

function hostAndPort(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(`http://${address}`);
  return { host: hostname, port: Number(port) };
}
