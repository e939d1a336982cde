import { existsSync } from 'node:fs';
import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { createLogger } from '../../src/base/logger.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { createEventLog } from '../../src/app/event-log.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { Program, runProgram } from '../../tools/support/program.ts';

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

/** Makes `import 'node-rdkafka'` fail as if it were not installed. */
const WITHOUT_RDKAFKA = `
import { register } from 'node:module';
const hooks = \`export function resolve(name, context, next) {
  if (name !== 'node-rdkafka') return next(name, context);
  throw Object.assign(new Error("Cannot find package 'node-rdkafka'"), { code: 'ERR_MODULE_NOT_FOUND' });
}\`;
register('data:text/javascript,' + encodeURIComponent(hooks));`;

await t.test('without node-rdkafka only Kafka is refused, with the command that adds it', async (t) => {
  const hook = `--import=data:text/javascript,${encodeURIComponent(WITHOUT_RDKAFKA)}`;
  const folder = t.testdir();
  const env = { NODE_OPTIONS: hook, DATA_DIR: `${folder}/data`, KAFKA_BROKERS: '127.0.0.1:1' };
  const { code, stdout, stderr } = await runProgram(['serve'], { env });
  t.match({ code, stdout }, { code: 2, stdout: '' });
  t.match(stderr, /Cannot find package 'node-rdkafka'.*`npm install --include=optional`/);
  t.notOk(existsSync(`${folder}/data`), 'nothing was opened');
  const ports = { PORT: '0', GRPC_PORT: '0' };
  const embedded = new Program(['serve'], { env: { NODE_OPTIONS: hook, DATA_DIR: folder, ...ports } });
  t.teardown(() => embedded.kill());
  await embedded.wrote('Ready.');
  embedded.signal('SIGTERM');
  t.equal((await embedded.outcome()).code, 0);
});
