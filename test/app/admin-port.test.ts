import t from 'tap';
import { freePorts } from '../../tools/support/free-ports.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

await t.test('with ADMIN_PORT, only that port serves metrics and details, without credentials', async (t) => {
  const [port = 0] = await freePorts(1);
  const service = await ServiceProcess.start('all', {
    DATA_DIR: await temporaryFolder(t),
    AUTH_API_KEYS: 'true',
    ADMIN_PORT: String(port),
    DOCUMENTATION: 'false',
  });
  t.teardown(() => service.kill());
  const statusOf = async (base: string, path: string) => {
    const response = await fetch(base + path, { signal: AbortSignal.timeout(10_000) });
    return [response.status, await response.text()] as const;
  };
  const admin = `http://127.0.0.1:${port}`;
  t.match(await statusOf(admin, '/metrics'), [200, /^# HELP/]);
  t.match(await statusOf(admin, '/readyz'), [200, /"eventLog":"ok"/]);
  t.match(await statusOf(admin, '/v1/orders'), [404]);
  t.match(await statusOf(service.url, '/metrics'), [404]);
  t.strictSame(await statusOf(service.url, '/readyz'), [200, '{"status":"ok"}']);
  t.match(await statusOf(service.url, '/docs'), [404]);
  t.match(await statusOf(service.url, '/v1/orders'), [401]);
  t.match(await service.stop(), { code: 0 });
});
