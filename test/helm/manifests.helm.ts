import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { EXAMPLES, template, type Values } from '../../tools/helm/chart.ts';

interface Container {
  env: { name: string; value?: string; valueFrom?: object }[];
  ports?: { name: string; containerPort: number }[];
  lifecycle?: { preStop: { sleep: { seconds: number } } };
  securityContext: Record<string, unknown>;
}
interface Pod {
  terminationGracePeriodSeconds: number;
  automountServiceAccountToken: boolean;
  securityContext: Record<string, unknown>;
  serviceAccountName: string;
  containers: [Container];
  volumes: { name: string; secret?: { secretName: string; defaultMode: number } }[];
}
interface Manifest {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { replicas?: number; template: { spec: Pod } } & Record<string, unknown>;
}

async function render(values: Values): Promise<Manifest[]> {
  const documents = parseAllDocuments(await template(values)).map(
    (document) => document.toJS() as Manifest | null,
  );
  return documents.filter((manifest) => manifest !== null);
}

function find(manifests: Manifest[], kind: string, suffix: string): Manifest {
  const found = manifests.find(({ kind: k, metadata }) => k === kind && metadata.name.endsWith(`-${suffix}`));
  if (found === undefined) throw new Error(`There is no ${kind} ${suffix}.`);
  return found;
}

const podOf = ({ spec }: Manifest): Pod => spec.template.spec;
const settingsOf = ({ containers: [{ env }] }: Pod): Record<string, string> =>
  Object.fromEntries(env.map(({ name, value }) => [name, value ?? 'from a Secret']));
const WORKLOADS = ['Deployment', 'StatefulSet', 'Job'];

await t.test('the service accepts the settings of every Pod, and warns of nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'order-system-helm-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const example of EXAMPLES) {
    const manifests = await render({ example });
    for (const manifest of manifests.filter(({ kind }) => WORKLOADS.includes(kind))) {
      const environment = settingsOf(podOf(manifest));
      // Files of Secrets exist, as kubelet mounts them.
      for (const [name, value] of Object.entries(environment)) {
        if (!value.startsWith('/run/')) continue;
        const file = join(folder, value);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, 'content of a Secret');
        await chmod(file, 0o440);
        environment[name] = file;
      }
      const url = environment.DATABASE_URL;
      if (url !== undefined) environment.DATABASE_URL = url.replace('=/run/', `=${folder}/run/`);
      if ('REDIS_URL' in environment) environment.REDIS_URL = 'redis://redis:6379';
      const config = loadConfig(environment, { listens: manifest.kind !== 'Job' });
      const of = `${example}, ${manifest.metadata.name}`;
      t.strictSame(config.warnings, [], of);
      t.equal(config.database.kind, example === 'small' ? 'sqlite' : 'postgres', of);
      if (manifest.kind === 'Job') continue;
      t.equal(config.eventLog, example === 'small' ? 'embedded' : 'kafka', of);
      t.equal(config.adminPort, 3100, of);
      const ports = podOf(manifest).containers[0].ports?.map(({ containerPort }) => containerPort) ?? [];
      const listening = [
        config.port,
        ...(config.role === 'worker' ? [] : [config.grpcPort]),
        config.adminPort,
      ];
      t.strictSame(ports, listening, `${of}: the ports that the service listens on`);
    }
  }
});

await t.test('a Pod has time for preStop and the whole shutdown', async (t) => {
  const large = await render({ example: 'large' });
  const api = podOf(find(large, 'Deployment', 'api'));
  t.equal(api.containers[0].lifecycle?.preStop.sleep.seconds, 15);
  t.equal(api.terminationGracePeriodSeconds, 15 + 30 + 5);
  const worker = podOf(find(large, 'Deployment', 'worker'));
  t.equal(worker.containers[0].lifecycle, undefined, 'nothing calls a worker');
  t.equal(worker.terminationGracePeriodSeconds, 30 + 5);
  const odd = await render({
    example: 'small',
    set: ['shutdown.timeoutMs=1500', 'shutdown.preStopSeconds=0'],
  });
  t.equal(podOf(find(odd, 'StatefulSet', 'standalone')).terminationGracePeriodSeconds, 2 + 5);
  const given = await render({ example: 'standard', set: ['shutdown.gracePeriodSeconds=21'] });
  t.equal(podOf(find(given, 'Deployment', 'api')).terminationGracePeriodSeconds, 21);
});

await t.test('the migration needs no object of the release', async (t) => {
  const manifests = await render({ example: 'large' });
  const hooks = manifests.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined);
  t.strictSame(hooks.map(({ kind }) => kind).sort(), ['Job', 'NetworkPolicy', 'ServiceAccount']);
  for (const hook of hooks) t.equal(hook.metadata.annotations?.['helm.sh/hook'], 'pre-install,pre-upgrade');
  const job = podOf(find(manifests, 'Job', 'migration'));
  const account = hooks.find(({ kind }) => kind === 'ServiceAccount');
  t.equal(job.serviceAccountName, account?.metadata.name);
  const secrets = job.volumes.flatMap(({ secret }) => secret?.secretName ?? []);
  t.strictSame(secrets, ['orders-database-owner', 'orders-database-ca'], 'Secrets that exist before');
  t.match(settingsOf(job).DATABASE_URL, /^postgres:\/\/orders_owner@pgbouncer/);
  t.notOk('KAFKA_BROKERS' in settingsOf(job));
});

await t.test(
  'every Pod is restricted and mounts no token; files of Secrets are not open to others',
  async (t) => {
    for (const example of EXAMPLES) {
      for (const manifest of (await render({ example })).filter(({ kind }) => WORKLOADS.includes(kind))) {
        const pod = podOf(manifest);
        t.equal(pod.automountServiceAccountToken, false);
        t.match(pod.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
        t.strictSame(pod.containers[0].securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        for (const { secret } of pod.volumes) if (secret !== undefined) t.equal(secret.defaultMode, 0o440);
      }
    }
  },
);

await t.test('workers get no settings of callers, and the api none of the processor', async (t) => {
  const set = [
    'settings.PROCESSOR_TIMEOUT_MS=1000',
    'secretSettings.PROCESSOR_ENV_TOKEN.name=payments',
    'secretSettings.PROCESSOR_ENV_TOKEN.key=token',
    'settings.LOG_MAX_PENDING=1000000',
  ];
  const large = await render({ example: 'large', set });
  const [api, worker] = ['api', 'worker'].map((name) => settingsOf(podOf(find(large, 'Deployment', name))));
  t.strictSame(
    Object.keys(worker ?? {}).filter((name) => /^(AUTH|REDIS|TRUST|GRPC|RATE)/.test(name)),
    [],
  );
  t.strictSame(
    Object.keys(api ?? {}).filter((name) => name.startsWith('PROCESSOR')),
    [],
  );
  t.match(worker, { PROCESSOR_TIMEOUT_MS: '1000', PROCESSOR_ENV_TOKEN: 'from a Secret' });
  t.equal(api?.LOG_MAX_PENDING, '1000000', 'not 1e+06');
});

await t.test('an autoscaler and a Deployment do not both set the replicas', async (t) => {
  const large = await render({ example: 'large' });
  for (const name of ['api', 'worker']) t.equal(find(large, 'Deployment', name).spec.replicas, undefined);
  const standard = await render({ example: 'standard' });
  t.equal(find(standard, 'Deployment', 'worker').spec.replicas, 3);
  t.equal(find(await render({ example: 'small' }), 'StatefulSet', 'standalone').spec.replicas, 1);
});

await t.test(
  'only named namespaces reach the service, and only monitoring reaches the admin port',
  async (t) => {
    const large = await render({ example: 'large' });
    t.notMatch(find(large, 'NetworkPolicy', 'deny').spec, { ingress: [] });
    const { ingress, egress } = find(large, 'NetworkPolicy', 'api').spec as unknown as {
      ingress: { ports: { port: string }[] }[];
      egress: { ports: { port: number }[] }[];
    };
    t.strictSame(
      ingress.map(({ ports }) => ports.map(({ port }) => port)),
      [['http', 'grpc'], ['admin']],
    );
    t.strictSame(
      egress.map(({ ports }) => ports[0]?.port),
      [53, 9093, 6432, 6379, 443, 4318],
    );
    const alone = await render({ example: 'small', set: ['networkPolicy.callerNamespaces=null'] });
    t.equal(
      find(alone, 'NetworkPolicy', 'standalone').spec.ingress,
      undefined,
      'nothing may call by default',
    );
  },
);
