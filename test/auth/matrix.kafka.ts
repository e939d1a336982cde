import t from 'tap';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { bearer } from '../support/known-credentials.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { TokenIssuer } from '../support/token-issuer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { apiKeysIn, identitySettings } from './matrix-environment.ts';
import { runMatrix } from './matrix.ts';

await t.test('no replica admits invalid credentials', async (t) => {
  const folder = await temporaryFolder(t);
  const issuer = await TokenIssuer.start(t);
  const environment = { ...kafkaEnvironment(folder), ...identitySettings(issuer) };
  const [first, second, worker] = await Promise.all([
    ServiceProcess.start('api', environment),
    ServiceProcess.start('api', environment),
    ServiceProcess.start('worker', environment),
  ]);
  t.teardown(() => Promise.all([first, second, worker].map((service) => service.stop())));
  const replicas = [first, second].map(({ url, grpcAddress = '' }) => ({ url, grpcAddress }));
  await runMatrix(t, { issuer, keys: await apiKeysIn(t, folder), replicas });
  const key = { idempotencyKey: crypto.randomUUID() };
  const placed = await new OrderClient(first.url).place(anOrder(), {
    ...bearer(await issuer.token()),
    'idempotency-key': key.idempotencyKey,
  });
  const refreshed = await issuer.token({ expiresIn: 7_200 });
  const client = await GrpcClient.to(second.grpcAddress ?? '', undefined, refreshed);
  t.teardown(() => client.close());
  const repeated = await client.create({ ...anOrder(), ...key });
  t.equal(repeated.id, placed.body.id, 'a retry with a refreshed token finds its order at another replica');
  t.equal((await fetch(`${worker.url}/metrics`)).status, 401, 'a worker asks for credentials too');
  t.equal((await fetch(`${worker.url}/readyz`)).status, 200);
});
