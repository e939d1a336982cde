import { connect, createServer, type AddressInfo } from 'node:net';
import { hasErrno, LocalKafkaError } from './errors.ts';

export const HOST = '127.0.0.1';

export interface Ports {
  port: number;
  controllerPort: number;
}

/** Finds a free controller port, and a free port where `port` is 0. @throws LocalKafkaError when `port` is in use */
export async function claimPorts(port: number): Promise<Ports> {
  const first = await hold(port);
  try {
    const second = await hold(0);
    await second.release();
    return { port: first.port, controllerPort: second.port };
  } finally {
    await first.release();
  }
}

export function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    const settle = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

interface HeldPort {
  port: number;
  release(): Promise<void>;
}

function hold(port: number): Promise<HeldPort> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      const message = `${HOST}:${port} is in use. Stop the program that listens there, or set KAFKA_PORT to a free port.`;
      const isInUse = hasErrno(error, 'EADDRINUSE');
      reject(isInUse ? new LocalKafkaError(message, { cause: error }) : error);
    });
    server.listen(port, HOST, () => {
      const { port: bound } = server.address() as AddressInfo;
      resolve({ port: bound, release: () => new Promise((released) => server.close(() => released())) });
    });
  });
}
