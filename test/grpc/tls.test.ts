import { once } from 'node:events';
import { connect, type ConnectionOptions } from 'node:tls';
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

/** The name of the cipher suite that a connection with these options gets; undefined if it is refused. */
async function cipherOf(address: string, options: ConnectionOptions): Promise<string | undefined> {
  const [host = '', port] = address.split(':');
  const own = { host, port: Number(port), ALPNProtocols: ['h2'], checkServerIdentity: () => undefined };
  const socket = connect({ ...own, ...options });
  try {
    await once(socket, 'secureConnect');
    return socket.getCipher().name;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

for (const kind of ['rsa', 'ec'] as const) {
  await t.test(`TLS 1.2 has only suites with ECDHE and authenticated encryption (${kind})`, async (t) => {
    const tls = await selfSigned(await temporaryFolder(t), 'server', kind);
    const { address } = await startGrpc(t, { tls });
    const taken = (maxVersion: 'TLSv1.2' | 'TLSv1.3', ciphers: string) =>
      cipherOf(address, { ca: tls.cert, maxVersion, ciphers });
    for (const weak of [
      ...['AES128-SHA', 'AES256-SHA256', 'AES128-GCM-SHA256', 'AES256-GCM-SHA384'],
      ...['ECDHE-RSA-AES128-SHA', 'ECDHE-RSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-SHA'],
      ...['DHE-RSA-AES128-GCM-SHA256', 'DHE-RSA-AES128-SHA256'],
    ]) {
      t.equal(await taken('TLSv1.2', `${weak}:@SECLEVEL=0`), undefined, weak);
    }
    t.match(await taken('TLSv1.2', 'ECDHE+AESGCM'), /^ECDHE-(RSA|ECDSA)-AES(128|256)-GCM-/);
    t.match(await taken('TLSv1.2', 'ECDHE+CHACHA20'), /^ECDHE-(RSA|ECDSA)-CHACHA20-POLY1305$/);
    t.match(await taken('TLSv1.3', 'TLS_AES_256_GCM_SHA384'), /^TLS_/);
  });
}
