import t from 'tap';
import { GrpcClient } from '../support/grpc-client.ts';
import { decodedError, failureOf } from '../support/grpc-error.ts';
import { aPrincipal, KnownCredentials } from '../support/known-credentials.ts';
import { anOrder } from '../support/order-client.ts';
import { startGrpc } from './grpc-under-test.ts';

const { customerId, merchantId } = anOrder();
const authenticator = new KnownCredentials({
  customer: aPrincipal({ name: 'customer', access: { kind: 'customer', customerId } }),
  merchant: aPrincipal({ name: 'merchant', access: { kind: 'merchant', merchantId } }),
  stranger: aPrincipal({ name: 'stranger', access: { kind: 'customer', customerId: 'c-other' } }),
});

await t.test('callers see and change only their own orders', async (t) => {
  const { address, process } = await startGrpc(t, { authenticator });
  const clientWith = async (token: string) => {
    const client = await GrpcClient.to(address, undefined, token);
    t.teardown(() => client.close());
    return client;
  };
  const [customer, merchant, stranger] = [
    await clientWith('customer'),
    await clientWith('merchant'),
    await clientWith('stranger'),
  ];
  t.match(await failureOf(stranger.create(anOrder())), { code: 'PERMISSION_DENIED' });
  const { id } = await customer.create(anOrder());
  await process();
  const notFound = { code: 'NOT_FOUND' };
  t.match(await failureOf(stranger.get({ orderId: id })), notFound);
  t.match(await failureOf(stranger.transition({ orderId: id, to: 'ORDER_STATUS_CANCELLED' })), notFound);
  t.match(decodedError(await stranger.watchOrder({ orderId: id }).ended()), notFound);
  t.same((await stranger.list({ customerId })).orders, []);
  for (const client of [customer, merchant]) {
    t.match(await client.get({ orderId: id }), { id });
    t.match((await client.list({})).orders, [{ id }]);
  }
  t.match(await failureOf(customer.transition({ orderId: id, to: 'ORDER_STATUS_PREPARING' })), {
    code: 'PERMISSION_DENIED',
  });
});
