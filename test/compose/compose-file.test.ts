import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';

interface Service {
  image: string;
  ports?: string[];
  networks?: string[] | Record<string, unknown>;
  volumes?: string[];
  profiles?: string[];
  environment?: Record<string, string>;
}

const text = readFileSync(new URL('../../../compose.yaml', import.meta.url), 'utf8');
const { services, networks } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
};

function networksOf(name: string): string[] {
  const { networks: given = [] } = services[name] ?? {};
  return Array.isArray(given) ? given : Object.keys(given);
}

await t.test('the gateway shares no network with Kafka, PostgreSQL and Redis', async (t) => {
  t.same(networksOf('gateway'), ['edge']);
  for (const name of ['kafka', 'postgres', 'redis', 'worker-1', 'worker-2']) {
    t.same(networksOf(name), ['data'], name);
  }
  for (const name of ['api-1', 'api-2']) t.same(networksOf(name), ['edge', 'data'], name);
  t.equal(networks.data?.internal, true);
  for (const name of ['prometheus', 'grafana', 'jaeger']) t.notOk(networksOf(name).includes('edge'), name);
});

await t.test(
  'only the gateway publishes ports, and the observability profile to this machine alone',
  async (t) => {
    const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
    t.same(
      published.map(([name]) => name),
      ['gateway', 'prometheus', 'grafana', 'jaeger'],
    );
    for (const [name, { ports = [], profiles }] of published) {
      if (name === 'gateway') continue;
      t.same(profiles, ['observability'], name);
      for (const port of ports) t.match(port, /^127\.0\.0\.1:/, name);
    }
  },
);

await t.test(
  'Prometheus scrapes every replica at its ADMIN_PORT, by a name that the replica allows',
  async (t) => {
    const file = new URL('../../../deploy/prometheus/prometheus.yml', import.meta.url);
    const { scrape_configs: jobs } = parse(readFileSync(file, 'utf8')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const replicas = Object.entries(services).filter(([, { image }]) => image === 'order-system');
    t.same(
      jobs[0]?.static_configs[0]?.targets,
      replicas.map(([name, { environment }]) => `${name}:${environment?.ADMIN_PORT ?? ''}`),
    );
    for (const [name, { environment }] of replicas) {
      t.ok(environment?.ALLOWED_HOSTS?.split(',').includes(name), name);
    }
  },
);

await t.test('every file that the observability profile mounts is in the repository', async (t) => {
  for (const name of ['prometheus', 'grafana']) {
    const paths = (services[name]?.volumes ?? []).filter((volume) => volume.startsWith('./'));
    t.ok(paths.length > 0, name);
    for (const path of paths) {
      t.ok(existsSync(new URL(`../../../${path.split(':')[0] ?? ''}`, import.meta.url)), path);
    }
  }
});

await t.test('every foreign image has a full version', async (t) => {
  for (const [name, { image }] of Object.entries(services)) {
    if (image !== 'order-system') t.match(image, /:\d+\.\d+(\.\d+)?-|:v?\d+\.\d+\.\d+$/, name);
  }
  t.match(services.postgres?.image, /:\d+\.\d+-/);
  t.match(services.gateway?.image, /:\d+\.\d+\.\d+-/);
});

await t.test(
  'no password is in the file, and only PostgreSQL and the service mount the generated one',
  async (t) => {
    const values = [...text.matchAll(/^\s*\w*PASSWORD\w*: (.*)$/gm)].map(([, value]) => value);
    t.same(values, ['/run/order-system/postgres-password', '${POSTGRES_PASSWORD:-}']);
    const mounts = Object.entries(services).filter(([, { volumes = [] }]) =>
      volumes.some((volume) => volume.startsWith('secrets:')),
    );
    t.same(
      mounts.map(([name]) => name),
      ['api-1', 'api-2', 'worker-1', 'worker-2', 'postgres'],
    );
  },
);
