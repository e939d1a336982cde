import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { serverJars } from '../../tools/kafka/jars.ts';
import { javaCommand } from '../../tools/kafka/programs.ts';

/**
 * Stands in for `docker` in the commands that docs/deployment.md has for topics: the arguments of
 * `docker compose exec kafka /opt/kafka/bin/kafka-topics.sh` go to Kafka's own tool. As in compose.yaml, kafka:9092 is
 * the broker and the topics have no prefix: TEST_BROKERS and TEST_TOPIC_PREFIX name those of the test.
 */
const SCRIPT = 'compose exec kafka /opt/kafka/bin/kafka-topics.sh';
const TOPICS = ['orders.commands', 'orders.status', 'orders.dlq'];

const words = process.argv.slice(2);
const { TEST_BROKERS = '', TEST_TOPIC_PREFIX = '' } = process.env;
if (words.slice(0, 4).join(' ') === SCRIPT) {
  const args = words.slice(4).map((word) => {
    if (word === 'kafka:9092') return TEST_BROKERS;
    return TOPICS.includes(word) ? `${TEST_TOPIC_PREFIX}${word}` : word;
  });
  // The C1 compiler alone starts faster.
  const java = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', join(await serverJars(), '*')];
  const { status, error } = spawnSync(
    javaCommand(),
    [...java, 'org.apache.kafka.tools.TopicCommand', ...args],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (error !== undefined) console.error(error.message);
  process.exitCode = status ?? 1;
} else {
  console.error(`This test runs only "docker ${SCRIPT}", not "docker ${words.join(' ')}".`);
  process.exitCode = 64;
}
