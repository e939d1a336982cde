import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';

interface Service {
  image: string;
  ports?: string[];
  networks?: string[] | Record<string, unknown>;
  volumes?: string[];
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
});

await t.test('only the gateway publishes ports', async (t) => {
  const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
  t.same(
    published.map(([name]) => name),
    ['gateway'],
  );
});

await t.test('every foreign image has a full version', async (t) => {
  for (const [name, { image }] of Object.entries(services)) {
    if (image !== 'order-system') t.match(image, /:\d+\.\d+(\.\d+)?-|:\d+\.\d+\.\d+$/, name);
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
