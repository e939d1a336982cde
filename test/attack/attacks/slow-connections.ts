import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { atRate } from '../at-rate.ts';
import type { Attack, Scene } from '../attack.ts';
import { hostileSocket, writeTo } from '../hostile-connections.ts';

const SLOW = { perSecond: 250, maxInFlight: 1_000, count: 1_000 };
const DRIP_MS = 500;

export const slowHeaders: Attack = {
  name: 'slow-headers',
  does: `sends headers byte by byte on ${SLOW.count} connections`,
  run: (scene) => drip(scene, 'GET /v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '),
};

export const slowBodies: Attack = {
  name: 'slow-bodies',
  does: `sends bodies byte by byte on ${SLOW.count} connections`,
  run: (scene) =>
    drip(
      scene,
      'POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{',
    ),
};

const FLOOD = { perSecond: 1_000, maxInFlight: 5_000, count: 5_000 };

export const connectionFlood: Attack = {
  name: 'connection-flood',
  does: `opens ${FLOOD.perSecond} connections a second, up to ${FLOOD.count}, and sends nothing`,
  run: (scene) => atRate(scene, FLOOD, (index) => held(scene, hostileSocket(scene, index))),
};

async function drip(scene: Scene, start: string): Promise<void> {
  await atRate(scene, SLOW, async (index) => {
    const socket = hostileSocket(scene, index);
    writeTo(socket, start);
    const ended = held(scene, socket);
    while (!scene.signal.aborted && writeTo(socket, 'x')) await delay(DRIP_MS);
    await ended;
  });
}

/** Resolves when the service or the end of the attack closes the connection. */
function held({ signal, tally }: Scene, socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const end = () => socket.destroy();
    signal.addEventListener('abort', end, { once: true });
    socket.on('close', () => {
      if (!signal.aborted) tally.answered('closed');
      signal.removeEventListener('abort', end);
      resolve();
    });
    socket.resume();
  });
}
