import t from 'tap';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { crashRepeatedly } from './nothing-lost.ts';

const TIMEOUT_MS = 300_000;
t.setTimeout(TIMEOUT_MS);

await t.test(
  'invariant 1: 20 crashes under load on Kafka lose no acknowledged order',
  { timeout: TIMEOUT_MS },
  async (t) => {
    await crashRepeatedly(t, kafkaEnvironment(await temporaryFolder(t)), 20);
  },
);
