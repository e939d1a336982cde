import { execFile, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { PROMETHEUS_FOLDER } from '../../tools/prometheus/rules.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const folder = fileURLToPath(PROMETHEUS_FOLDER);
const files = (name: string) => readdirSync(`${folder}${name}`).map((file) => `${folder}${name}/${file}`);

await t.test('promtool accepts the configuration and the rules', async (t) => {
  t.match((await run('promtool', ['check', 'config', `${folder}prometheus.yml`])).stdout, 'SUCCESS');
  t.match((await run('promtool', ['check', 'rules', ...files('rules')])).stdout, 'SUCCESS');
});

await t.test('each alert fires and stays silent as its tests say', { timeout: 120_000 }, async (t) => {
  const { stdout } = await run('promtool', ['test', 'rules', ...files('tests')]);
  t.match(stdout, 'SUCCESS');
  t.notMatch(stdout, 'FAILED');
});

await t.test('promtool finds no fault in the metrics of a running service', async (t) => {
  const service = await ServiceProcess.start('all', { DATA_DIR: await temporaryFolder(t) });
  t.teardown(() => service.kill());
  await new OrderClient(service.url).place(undefined, { prefer: 'wait=5' });
  const response = await fetch(`${service.url}/metrics`);
  const { code, output } = await checkMetrics(await response.text());
  t.equal(output, '');
  t.equal(code, 0);
  t.match(await checkMetrics('orders_seen 1\n'), { code: 3, output: /no help text/ }, 'a fault is found');
});

async function checkMetrics(text: string): Promise<{ code: number | null; output: string }> {
  const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => said.push(data));
  child.stderr.on('data', (data: Buffer) => said.push(data));
  child.stdin.end(text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output: Buffer.concat(said).toString() };
}
