import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { createLogger } from '../../src/base/logger.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { createEventLog } from '../../src/app/event-log.ts';
import { eventually } from '../../tools/support/eventually.ts';

await t.test(
  'the embedded log deletes dead letters by age, and commands only once they are consumed',
  async (t) => {
    const config = loadConfig({ EVENT_LOG: 'embedded', DATA_DIR: t.testdir(), LOG_RETENTION_MS: '300' });
    const log = await createEventLog(config, createLogger('silent'));
    await log.start();
    t.teardown(() => log.stop());
    const exists = async (topic: string) => (await log.find?.(topic, 'key')) !== undefined;
    await log.append({ topic: TOPICS.commands, key: 'key', value: Buffer.of(1) });
    await log.append({ topic: TOPICS.deadLetters, key: 'key', value: Buffer.of(1) });
    t.equal(await exists(TOPICS.deadLetters), true);
    await eventually(async () => !(await exists(TOPICS.deadLetters)), {
      what: 'the dead letter to be deleted',
    });
    t.equal(await exists(TOPICS.commands), true);
  },
);
