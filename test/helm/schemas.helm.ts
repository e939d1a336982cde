import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { template } from '../../tools/helm/chart.ts';
import { conform, score } from '../../tools/helm/check.ts';

await t.test(
  'kubeconform finds unknown fields and wrong types with the schemas of the repository',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'order-system-helm-'));
    t.teardown(() => rm(folder, { recursive: true }));
    const file = join(folder, 'manifests.yaml');
    const good = await template({ example: 'large' });
    await writeFile(file, good);
    await conform('v1.36.3', [file]);
    for (const [before, after] of [
      ['periodSeconds: 2', 'periodSecond: 2'],
      ['failureThreshold: 3', 'failureThreshold: three'],
      ['maxReplicaCount:', 'maximumReplicaCount:'],
      ['podMetricsEndpoints:', 'endpoints:'],
      ['parentRefs:', 'parents:'],
      ['apiVersion: batch/v1', 'apiVersion: batch/v2'],
    ] as const) {
      t.ok(good.includes(before), before);
      await writeFile(file, good.replace(before, after));
      await t.rejects(conform('v1.36.3', [file]), /invalid|could not find schema/, after);
    }
  },
);

await t.test('kube-score finds a container without limits', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'order-system-helm-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'manifests.yaml');
  const good = await template({ example: 'standard' });
  await writeFile(file, good);
  await score(file);
  await writeFile(file, good.replace(/limits:(\n +\S+: \S+){3}/, ''));
  await t.rejects(score(file), /CRITICAL.*limit/i);
});
