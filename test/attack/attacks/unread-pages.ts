import { untilEnd } from '../at-rate.ts';
import type { Attack } from '../attack.ts';
import { hostileSocket, writeTo } from '../hostile-connections.ts';
import { placeLargeOrders } from '../hostile-orders.ts';

const READERS = 300;

export const unreadPages: Attack = {
  name: 'unread-pages',
  does: `asks for ${READERS} large pages, and does not read them`,
  async prepare(scene) {
    await placeLargeOrders(scene, 200);
    return '';
  },
  async run(scene) {
    const sockets = Array.from({ length: READERS }, (_, index) => hostileSocket(scene, index));
    for (const socket of sockets) {
      writeTo(socket, 'GET /v1/orders?limit=100&customerId=c-hostile HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    }
    await untilEnd(scene);
    for (const socket of sockets) socket.destroy();
  },
};
