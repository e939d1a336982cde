import t from 'tap';
import { readDocument } from './markdown.ts';

const textOf = (path: string): string => readDocument(path).text;

await t.test('the version is the same wherever a release needs it', (t) => {
  const { version } = JSON.parse(textOf('package.json')) as { version: string };
  const lock = JSON.parse(textOf('package-lock.json')) as {
    version: string;
    packages: Record<string, { version?: string }>;
  };
  t.equal(lock.version, version, 'package-lock.json');
  t.equal(lock.packages['']?.version, version, 'package-lock.json, the root package');
  const chart = textOf('deploy/helm/order-system/Chart.yaml');
  t.equal(/^version: (.+)$/m.exec(chart)?.[1], version, 'Chart.yaml');
  t.equal(/^appVersion: (.+)$/m.exec(chart)?.[1], version, 'Chart.yaml, appVersion');
  t.equal(/^ARG VERSION=(.+)$/m.exec(textOf('Dockerfile'))?.[1], version, 'Dockerfile');
  t.end();
});
