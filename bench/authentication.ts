import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startKafka } from '../tools/kafka/broker-process.ts';
import { benchmarkCommand, count } from './support/benchmark-command.ts';
import { withFolder } from './support/folders.ts';
import { MeasuredProcess, SERVICE } from './support/measured-process.ts';
import { printReport, ratios } from './support/report.ts';
import { inRounds } from './support/rounds.ts';
import { sampleOrder } from './support/sample-order.ts';

/**
 * CPU time of the serving process per accepted order on Kafka: without authentication, with an RS256 token that the service
 * has seen before, and with a new token for each order.
 */
const { rounds, requests, connections } = benchmarkCommand('authentication')
  .option('--rounds <n>', 'rounds', count, 9)
  .option('--requests <n>', 'requests a round', count, 15_000)
  .option('--connections <n>', 'connections', count, 256)
  .addHelpText('after', '\nUses the Kafka at KAFKA_BROKERS, or starts one for the time it runs.')
  .parse()
  .opts<{ rounds: number; requests: number; connections: number }>();

const ISSUER = 'https://issuer.bench.example';
const AUDIENCE = 'order-system';
const WARM_UP_REQUESTS = 5_000;

/** New tokens are signed before each round; fewer requests keep that short. */
const NEW_TOKENS = Math.min(requests, 3_000);

const pair = await generateKeyPair('RS256');
const publicKey = { ...(await exportJWK(pair.publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' };

const cpu: Record<'off' | 'known' | 'first', number[]> = { off: [], known: [], first: [] };
await withFolder(async (folder) => {
  const given = process.env.KAFKA_BROKERS;
  const kafka = given === undefined ? await startKafka({ dataDirectory: join(folder, 'kafka') }) : undefined;
  const keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ keys: [publicKey] }));
  const common = {
    PORT: '0',
    GRPC_PORT: '0',
    LOG_LEVEL: 'info',
    KAFKA_BROKERS: kafka?.brokers ?? given ?? '',
  };
  const start = (name: string, settings: Record<string, string>) =>
    MeasuredProcess.start(SERVICE, ['serve', '--role', 'api'], {
      ...common,
      DATA_DIR: join(folder, name),
      KAFKA_TOPIC_PREFIX: `bench-${process.pid}-${name}-`,
      ...settings,
    });
  const started: MeasuredProcess[] = [];
  try {
    const off = await start('off', {});
    started.push(off);
    const on = await start('on', {
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_JWKS_FILE: keysFile,
    });
    started.push(on);
    const known = await newToken(0);
    await load(off, WARM_UP_REQUESTS, () => undefined);
    await load(on, WARM_UP_REQUESTS, () => known);
    let made = 0;
    await inRounds(rounds, async () => {
      // Each connection prepares one request more than it sends.
      const amount = NEW_TOKENS + connections;
      const fresh = await Promise.all(Array.from({ length: amount }, () => newToken((made += 1))));
      cpu.off.push(await costOf(off, requests, () => undefined));
      cpu.known.push(await costOf(on, requests, () => known));
      cpu.first.push(await costOf(on, NEW_TOKENS, () => fresh.pop()));
    });
  } finally {
    for (const service of started) await service.stop();
    await kafka?.stop();
  }
});

printReport(`CPU per accepted order: ${requests} requests a round over ${connections} connections`, [
  { name: 'without authentication', unit: 'µs CPU an order', digits: 1, samples: cpu.off },
  { name: 'RS256 token, seen before', unit: 'µs CPU an order', digits: 1, samples: cpu.known },
  { name: 'RS256 token, first use', unit: 'µs CPU an order', digits: 1, samples: cpu.first },
  { name: 'seen before / without', unit: '(target: ≤ 1.05)', digits: 3, samples: ratios(cpu.known, cpu.off) },
  { name: 'first use / without', unit: '', digits: 2, samples: ratios(cpu.first, cpu.off) },
]);

/** Each number gives another token. */
function newToken(number: number): Promise<string> {
  return new SignJWT({ scope: 'orders:create', jti: String(number) })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench', typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('bench')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(pair.privateKey);
}

/** µs of CPU per order. */
async function costOf(
  target: MeasuredProcess,
  amount: number,
  nextToken: () => string | undefined,
): Promise<number> {
  const before = await target.usage();
  await load(target, amount, nextToken);
  const after = await target.usage();
  return (after.cpuMicros - before.cpuMicros) / amount;
}

/** @throws Error unless every response is 202 */
async function load(
  target: MeasuredProcess,
  amount: number,
  nextToken: () => string | undefined,
): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const result = await autocannon({
    url: `${target.url}/v1/orders`,
    connections,
    amount,
    requests: [
      {
        method: 'POST',
        body: JSON.stringify(sampleOrder(1)),
        setupRequest: (request) => {
          const token = nextToken();
          const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
          return { ...request, headers: { ...headers, ...authorization } };
        },
      },
    ],
  });
  const accepted = result.statusCodeStats?.['202']?.count ?? 0;
  if (accepted !== amount) {
    throw new Error(`${accepted} of ${amount} were accepted: ${JSON.stringify(result.statusCodeStats)}`);
  }
}
