import { once } from 'node:events';
import { connect } from 'node:http2';

/** A gRPC message of no bytes: five bytes of its frame, all zero. */
const EMPTY_MESSAGE = Buffer.alloc(5);

/** A watcher of all orders that never reads what it is sent, over a connection of its own. @param address host:port */
export async function stalledWatcher(address: string): Promise<{ close: () => void }> {
  const session = connect(`http://${address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/orders.v1.OrderWatch/WatchOrders',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end(EMPTY_MESSAGE);
  await once(stream, 'response');
  return { close: () => session.destroy() };
}
