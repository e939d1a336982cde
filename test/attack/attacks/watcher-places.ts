import { setTimeout as delay } from 'node:timers/promises';
import { untilEnd } from '../at-rate.ts';
import type { Attack } from '../attack.ts';
import { hostileCall, hostileSession } from '../hostile-connections.ts';

const CONNECTIONS = 5;

/** The server's own limit of open calls. */
const STREAMS_EACH = 4_096;
const STREAMS_AT_ONCE = 256;

export const watcherPlaces: Attack = {
  name: 'watcher-places',
  does: `opens ${STREAMS_EACH} gRPC streams on each of ${CONNECTIONS} connections from one address`,
  async run(scene) {
    const sessions = Array.from({ length: CONNECTIONS }, () => hostileSession(scene, 0));
    const calls: Promise<void>[] = [];
    for (let open = 0; open < STREAMS_EACH && !scene.signal.aborted; open += STREAMS_AT_ONCE) {
      for (const session of sessions) {
        for (let index = 0; index < STREAMS_AT_ONCE; index += 1) {
          calls.push(hostileCall(scene, session, '/orders.v1.OrderWatch/WatchOrders'));
        }
      }
      await delay(50);
    }
    await untilEnd(scene);
    for (const session of sessions) session.destroy();
    await Promise.all(calls);
  },
};
