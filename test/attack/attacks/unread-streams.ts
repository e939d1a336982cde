import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { atRate, untilEnd } from '../at-rate.ts';
import { hostileAddress, type Attack, type Scene } from '../attack.ts';
import { hostileSocket, writeTo } from '../hostile-connections.ts';
import { placeSmallOrders } from '../hostile-orders.ts';

const KEPT_EVENTS = 16_000;
const STORM = { perSecond: 20, maxInFlight: 20 };
const READERS = 200;

/** How long a reader of the storm stays. */
const STAY_MS = 500;

export const resumeStorm: Attack = {
  name: 'resume-storm',
  does: `resumes streams from before ${KEPT_EVENTS} kept events, ${STORM.perSecond} times a second`,
  prepare: keepEvents,
  async run(scene, token) {
    await atRate(scene, STORM, async (index) => {
      const socket = hostileSocket(scene, index);
      writeTo(socket, resume(token));
      socket.resume();
      await delay(STAY_MS);
      socket.destroy();
    });
  },
};

export const unreadStreams: Attack = {
  name: 'unread-streams',
  does: `resumes ${READERS} streams from before ${KEPT_EVENTS} events, and does not read them`,
  prepare: keepEvents,
  async run(scene, token) {
    const sockets = Array.from({ length: READERS }, (_, index) => hostileSocket(scene, index));
    for (const socket of sockets) writeTo(socket, resume(token));
    await untilEnd(scene);
    for (const socket of sockets) socket.destroy();
  },
};

/** @returns a token from before all of them */
async function keepEvents(scene: Scene): Promise<string> {
  const token = await firstToken(scene);
  await placeSmallOrders(scene, KEPT_EVENTS);
  return token;
}

function resume(token: string): string {
  return `GET /v1/order-events HTTP/1.1\r\nHost: 127.0.0.1\r\nLast-Event-ID: ${token}\r\n\r\n`;
}

/** The token with which a stream begins; empty when there is none. */
function firstToken({ url, signal }: Scene): Promise<string> {
  return new Promise((resolve) => {
    const options = { localAddress: hostileAddress(), agent: false as const, signal };
    const stream = request(new URL('/v1/order-events', url), options, (response) => {
      response.setEncoding('utf8').once('data', (text: string) => {
        resolve(/^id: (.+)$/m.exec(text)?.[1] ?? '');
        stream.destroy();
      });
    });
    stream.on('error', () => resolve(''));
    stream.end();
  });
}
