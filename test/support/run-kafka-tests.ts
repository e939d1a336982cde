import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, type RunningKafka } from '../../tools/kafka/broker-process.ts';

/** Runs the `*.kafka.js` tests on the Kafka at KAFKA_BROKERS, or on one that lives as long as they do. */
const given = process.env.KAFKA_BROKERS;
const folder = await mkdtemp(join(tmpdir(), 'order-system-kafka-'));
let kafka: RunningKafka | undefined;
try {
  if (given === undefined || given === '') {
    kafka = await startKafka({ dataDirectory: folder, onProgress: (words) => console.error(words) });
  }
  const brokers = kafka?.brokers ?? given ?? '';
  console.error(`The tests run on Kafka at ${brokers}.`);
  const files = process.argv.slice(2);
  const tap = spawn(
    'npx',
    ['--no-install', 'tap', '--jobs=1', ...(files.length > 0 ? files : ['dist/test/**/*.kafka.js'])],
    {
      env: { ...process.env, KAFKA_BROKERS: brokers },
      stdio: 'inherit',
    },
  );
  const [code] = (await once(tap, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  await kafka?.stop();
  await rm(folder, { recursive: true, force: true });
}
