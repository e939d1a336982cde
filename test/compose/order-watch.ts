import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import type { Test } from 'tap';

const PROTO = join(import.meta.dirname, '../../../proto/orders/v1/orders.proto');

export interface WatchedChange {
  order_id: string;
  status: string;
}

type Item = { change?: WatchedChange | null };

/** Collects the changes of a customer's orders from a gRPC stream, and its errors in `failures`. */
export function watchOrders(t: Test, address: string, customerId: string) {
  const definition = loadSync(PROTO, { keepCase: true, longs: Number, enums: String, oneofs: true });
  const service = definition['orders.v1.OrderWatch'] as ServiceDefinition;
  const method = service.WatchOrders;
  if (method === undefined) throw new Error(`${PROTO} has no WatchOrders.`);
  const client = new Client(address, credentials.createInsecure());
  t.teardown(() => client.close());
  const changes: WatchedChange[] = [];
  const failures: Error[] = [];
  const call = client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    (bytes) => method.responseDeserialize(bytes) as Item,
    { customer_id: customerId },
  );
  call.on('data', ({ change }: Item) => {
    if (change != null) changes.push(change);
  });
  call.on('error', (error: Error) => failures.push(error));
  return { changes, failures };
}
