import kafka from 'node-rdkafka';
import t from 'tap';
import { whenLed } from '../../../src/log/kafka/when-led.ts';

const { ERRORS } = kafka.CODES;

/** Fails so many times with this code, then answers. */
function answering(failures: number, code: number) {
  let asked = 0;
  return {
    ask: () => {
      asked += 1;
      if (asked > failures) return Promise.resolve('the end');
      return Promise.reject(Object.assign(new Error('Broker: Not leader for partition'), { code }));
    },
    asked: () => asked,
  };
}

await t.test('a partition without a leader is asked again until it has one', async (t) => {
  for (const code of [ERRORS.ERR_NOT_LEADER_FOR_PARTITION, ERRORS.ERR_LEADER_NOT_AVAILABLE]) {
    const { ask, asked } = answering(3, code);
    t.equal(await whenLed(ask, 1), 'the end');
    t.equal(asked(), 4);
  }
});

await t.test('it is not asked for ever', async (t) => {
  const { ask, asked } = answering(Infinity, ERRORS.ERR_NOT_LEADER_FOR_PARTITION);
  await t.rejects(whenLed(ask, 1), { message: 'Broker: Not leader for partition' });
  t.ok(asked() > 10);
});

await t.test('another failure is not repeated', async (t) => {
  const { ask, asked } = answering(3, ERRORS.ERR_TOPIC_AUTHORIZATION_FAILED);
  await t.rejects(whenLed(ask, 1));
  t.equal(asked(), 1);
});
