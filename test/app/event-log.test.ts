import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { createLogger } from '../../src/base/logger.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { createEventLog } from '../../src/app/event-log.ts';
import { eventually } from '../../tools/support/eventually.ts';

await t.test(
  'the embedded log drops dead letters by age, and commands only after they are consumed',
  async (t) => {
    const config = loadConfig({ EVENT_LOG: 'embedded', DATA_DIR: t.testdir(), LOG_RETENTION_MS: '300' });
    const log = createEventLog(config, createLogger('silent'));
    await log.start();
    t.teardown(() => log.stop());
    const isThere = async (topic: string) => (await log.find?.(topic, 'key')) !== undefined;
    await log.append({ topic: TOPICS.commands, key: 'key', value: Buffer.of(1) });
    await log.append({ topic: TOPICS.deadLetters, key: 'key', value: Buffer.of(1) });
    t.equal(await isThere(TOPICS.deadLetters), true);
    await eventually(async () => !(await isThere(TOPICS.deadLetters)), { what: 'the letter to be dropped' });
    t.equal(await isThere(TOPICS.commands), true);
  },
);
