import { credentials, loadPackageDefinition, type GrpcObject } from '@grpc/grpc-js';
import type { OrderWatchClient } from '../../src/grpc/generated/orders/v1/OrderWatch.ts';
import type { ProtoGrpcType } from '../../src/grpc/generated/orders.ts';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';

/** A gRPC client with a connection of its own. @param address host:port */
export async function createWatchClient(address: string): Promise<OrderWatchClient> {
  const { definition } = await loadOrdersApi();
  const { orders } = loadPackageDefinition(definition) as GrpcObject & ProtoGrpcType;
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  return new orders.v1.OrderWatch(address, credentials.createInsecure(), options);
}
