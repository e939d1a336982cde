import kafka from 'node-rdkafka';
import t from 'tap';
import { topicEnds } from '../../../src/log/kafka/topic-ends.ts';

await t.test('ends that cannot be asked for are told as the log is: unavailable', async (t) => {
  const nobody = new kafka.Producer({ 'bootstrap.servers': '127.0.0.1:1' });
  await t.rejects(topicEnds(nobody, 'orders.commands', 100), {
    code: 'log-unavailable',
    message: /where orders\.commands ends/,
  });
});
