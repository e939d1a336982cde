import { credentials } from '@grpc/grpc-js';
import t from 'tap';
import { anOrder } from '../support/order-client.ts';
import { failureOf } from '../support/grpc-error.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startGrpc } from './grpc-under-test.ts';

await t.test('with a certificate and its key the server speaks TLS, and nothing else', async (t) => {
  const tls = await selfSigned(await temporaryFolder(t));
  const trusting = credentials.createSsl(Buffer.from(tls.cert));
  const { address, client } = await startGrpc(t, { tls }, trusting);
  t.match(await client.create(anOrder()), { status: 'ORDER_STATUS_ACCEPTED' });

  const plain = await GrpcClient.to(address);
  t.teardown(() => plain.close());
  t.match(await failureOf(plain.create(anOrder())), { code: 'UNAVAILABLE' });

  const other = await selfSigned(await temporaryFolder(t), 'other');
  const distrustful = await GrpcClient.to(address, credentials.createSsl(Buffer.from(other.cert)));
  t.teardown(() => distrustful.close());
  t.match(await failureOf(distrustful.create(anOrder())), { code: 'UNAVAILABLE' });
});
