import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** More would overflow the server's queue of connections that wait to be accepted. */
const CONNECTIONS_AT_ONCE = 500;

export interface OpenConnections {
  /** those that the server has not closed */
  open: () => number;
  close: () => void;
}

/** Each sends one request and stays open. */
export async function openConnections(url: string, count: number): Promise<OpenConnections> {
  const { port, hostname } = new URL(url);
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const length = Math.min(CONNECTIONS_AT_ONCE, count - sockets.length);
    const more = Array.from({ length }, () => connect(Number(port), hostname));
    await Promise.all(more.map(requestOnce));
    sockets.push(...more);
  }
  return {
    open: () => sockets.filter((socket) => !socket.destroyed).length,
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function requestOnce(socket: Socket): Promise<void> {
  await once(socket, 'connect');
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
}
