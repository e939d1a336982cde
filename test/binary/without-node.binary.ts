import t from 'tap';
import { runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { grpcJourney } from '../e2e/grpc-journey.ts';
import { orderJourney } from '../e2e/journey.ts';
import { OrderClient } from '../support/order-client.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeChroot } from './chroot.ts';
import { executable } from './executable.ts';

t.setTimeout(120_000);

const PAGES = ['/', '/dashboard/main.js', '/dashboard/uplot.js', '/docs/static/index.html', '/openapi.json'];

const cache = await temporaryFolder(t);
t.equal((await runProgram(['--version'], { env: { UNPACK_DIR: cache } })).code, 0);
const { files, command, run } = makeChroot(await temporaryFolder(t), executable(), cache);
const ENVIRONMENT = { HOME: '/home', XDG_CACHE_HOME: '', NODE_EXTRA_CA_CERTS: '' };

await t.test('the root folder has the executable, libraries and nothing else', async (t) => {
  const isLibrary = (path: string) => /^\/(usr\/)?lib(64)?\/.*\.so(\.\d+)*$/.test(path);
  t.same(files.filter((path) => !isLibrary(path)).sort(), ['/etc/passwd', '/order-system']);
  for (const program of ['node', 'sh']) {
    t.match(run(program), { status: 127, stderr: /No such file/ }, program);
  }
});

await t.test('in that folder it works with the embedded log', async (t) => {
  const service = await ServiceProcess.start('all', { ...ENVIRONMENT, DATA_DIR: '/data/embedded' }, command);
  t.teardown(() => service.stop());
  const client = new OrderClient(service.url);
  await orderJourney(t, client);
  await grpcJourney(t, client, [service.grpcAddress ?? '']);
  for (const path of PAGES) t.equal((await fetch(`${service.url}${path}`)).status, 200, path);
  t.same(await service.stop(), { code: 0, signal: null }, 'SIGTERM ends it well');
  t.notMatch(service.output, /warning/i);
});

await t.test('in that folder it runs as api and as worker on Kafka', async (t) => {
  const environment = { ...ENVIRONMENT, ...kafkaEnvironment('/data/kafka') };
  const [api, worker] = await Promise.all([
    ServiceProcess.start('api', environment, command),
    ServiceProcess.start('worker', environment, command),
  ]);
  t.teardown(() => Promise.all([api, worker].map((service) => service.stop())));
  await orderJourney(t, new OrderClient(api.url));
  for (const service of [api, worker]) t.same(await service.stop(), { code: 0, signal: null });
});
