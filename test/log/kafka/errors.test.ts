import kafka, { type LibrdKafkaError } from 'node-rdkafka';
import t from 'tap';
import { deliveryError, endsConsumer, refusalError } from '../../../src/log/kafka/errors.ts';

function kafkaError(message: string, code = -1): LibrdKafkaError {
  return { message, code, errno: code, origin: 'kafka' };
}

await t.test(
  'after a delivery error the outcome is unknown, unless the error proves that the record is not in the log',
  async (t) => {
    const codes = {
      'message timed out': 'log-timeout',
      'purged in flight': 'log-timeout',
      'something new': 'log-timeout',
      'message size too large': 'record-too-large',
      'topic authorization failed': 'log-unavailable',
      'not enough in-sync replicas': 'log-unavailable',
      'invalid timestamp': 'log-unavailable',
    };
    for (const [message, code] of Object.entries(codes)) {
      t.equal(deliveryError(kafkaError(message), 'orders.commands').code, code, message);
    }
  },
);

await t.test('a record that librdkafka does not accept is not in the log', async (t) => {
  const { ERR__QUEUE_FULL, ERR_MSG_SIZE_TOO_LARGE, ERR__FATAL } = kafka.CODES.ERRORS;
  t.equal(refusalError(kafkaError('', ERR__QUEUE_FULL), 'x').code, 'log-full');
  t.equal(refusalError(kafkaError('', ERR_MSG_SIZE_TOO_LARGE), 'x').code, 'record-too-large');
  t.equal(refusalError(kafkaError('', ERR__FATAL), 'x').code, 'log-unavailable');
});

await t.test('only errors that reconnecting cannot fix end a consumer', async (t) => {
  const { ERR__FATAL, ERR_TOPIC_AUTHORIZATION_FAILED, ERR__TRANSPORT, ERR_UNKNOWN_TOPIC_OR_PART } =
    kafka.CODES.ERRORS;
  for (const code of [ERR__FATAL, ERR_TOPIC_AUTHORIZATION_FAILED]) t.ok(endsConsumer(kafkaError('', code)));
  for (const code of [ERR__TRANSPORT, ERR_UNKNOWN_TOPIC_OR_PART]) t.notOk(endsConsumer(kafkaError('', code)));
});
