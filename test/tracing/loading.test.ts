import { fork } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { startOtlpReceiver } from '../../tools/support/otlp/receiver.ts';
import { withoutSettings } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = new URL('../../src/main.js', import.meta.url);
const REPORTER = new URL('./fixtures/report-modules.js', import.meta.url).href;

/** Starts the service, places an order and waits until it is processed. @returns the modules of OpenTelemetry that it has loaded */
async function loadedAfterAnOrder(t: Test, settings: Record<string, string>): Promise<string[]> {
  const child = fork(MAIN, ['serve'], {
    env: {
      ...withoutSettings(process.env),
      PORT: '0',
      GRPC_PORT: '0',
      DATA_DIR: await temporaryFolder(t),
      ...settings,
    },
    execArgv: ['--import', REPORTER],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
  await eventually(() => output.includes('"msg":"Ready."'), { what: 'the service to be ready' });
  const url = /"http":"([^"]+)"/.exec(output)?.[1] ?? '';
  const { status } = await new OrderClient(url).place(anOrder(), { prefer: 'wait=20' });
  t.equal(status, 201);
  const answer = once(child, 'message') as Promise<[string[]]>;
  child.send('modules');
  const [modules] = await answer;
  child.kill('SIGTERM');
  await exited;
  t.equal(child.exitCode, 0);
  return [...new Set(modules.flatMap((path) => /@opentelemetry\/([a-z-]+)\//.exec(path)?.[1] ?? []))].sort();
}

await t.test('without tracing nothing of the SDK is loaded', async (t) => {
  const loaded = await loadedAfterAnOrder(t, {});
  // The metrics library loads the API, which does nothing without an SDK.
  t.same(
    loaded.filter((name) => name !== 'api'),
    [],
  );
});

await t.test('with tracing the SDK is loaded, and a stop sends the last spans', async (t) => {
  const receiver = await startOtlpReceiver();
  t.teardown(() => receiver.close());
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '600000' };
  t.ok((await loadedAfterAnOrder(t, settings)).includes('sdk-trace'));
  const names = receiver.spans.map(({ name }) => name);
  for (const name of ['POST /v1/orders', 'send orders.commands', 'process orders.commands', 'save orders']) {
    t.ok(names.includes(name), name);
  }
});

await t.test('a service whose endpoint is down accepts orders, processes them and stops', async (t) => {
  const startedAt = performance.now();
  await loadedAfterAnOrder(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    SHUTDOWN_TIMEOUT_MS: '4000',
  });
  t.ok(performance.now() - startedAt < 30_000);
});
