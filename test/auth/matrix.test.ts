import t from 'tap';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { TokenIssuer } from '../support/token-issuer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { apiKeysIn, identitySettings } from './matrix-environment.ts';
import { runMatrix } from './matrix.ts';

await t.test('no operation admits invalid credentials', async (t) => {
  const folder = await temporaryFolder(t);
  const issuer = await TokenIssuer.start(t);
  const service = await ServiceProcess.start('all', { DATA_DIR: folder, ...identitySettings(issuer) });
  t.teardown(() => service.stop());
  t.match(service.output, /"authentication":"on".*"msg":"Ready\."/);
  const { url, grpcAddress = '' } = service;
  await runMatrix(t, { issuer, keys: await apiKeysIn(t, folder), replicas: [{ url, grpcAddress }] });
});
