import t from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../../src/base/record-frame.ts';
import { createEventCodec } from '../../../src/order/events.ts';
import { processBatch } from '../../../src/processing/process-batch.ts';
import { confirmAll } from '../../../src/processing/processor.ts';
import { failureRules, NO_FAILURES } from '../../../tools/support/failure-rules.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { CommandRecords } from '../../support/command-records.ts';
import { TOPIC } from '../batch.ts';
import { storeUnderTest } from './make-store.ts';

const server = await PostgresServer.start(t);

await t.test('records of no order that PostgreSQL refuses do not block their partition', async (t) => {
  const target = await server.createStore();
  await server.run(
    target.url,
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.error LIKE '%😀%' OR position('bad value'::bytea in NEW.value) > 0 OR NEW."offset" = 3 THEN
         RAISE EXCEPTION 'not in this store' USING ERRCODE = 'check_violation';
       END IF;
       RETURN NEW;
     END $$;
     CREATE TRIGGER refuse BEFORE INSERT ON dead_letters FOR EACH ROW EXECUTE FUNCTION refuse()`,
  );
  const { writer, reader, deadLetters } = await storeUnderTest(t, target);
  const records = new CommandRecords();
  const good = records.place();
  const frame = encodeRecordFrame([
    good,
    records.raw(null, Buffer.from('{"a": 😀}')),
    records.raw(Buffer.from('a key'), Buffer.from('bad value')),
    records.raw(null, Buffer.from('refused in every form')),
    records.raw(Buffer.from('k'), Buffer.from('undecodable')),
  ]);
  const result = await processBatch(
    { kind: 'batch', topic: TOPIC, frame, applied: new Map(), recent: NO_FAILURES },
    {
      store: await writer(),
      runProcessor: confirmAll,
      runPatiently: confirmAll,
      codec: createEventCodec(),
      clock: Date.now,
      monotonicClock: () => performance.now(),
      rules: failureRules(),
    },
  );
  t.match(result.counts, { placed: 1, deadLetters: 3 });
  t.match(result.unstored, [{ partition: 0, offset: 3, error: /not in this store/ }]);
  t.match(await reader.find(good.key?.toString() ?? '', ALL_ORDERS), { status: 'confirmed' });
  t.equal(await reader.progress(TOPIC, 0), 5);
  t.match(await deadLetters(), [
    { offset: 1, value: Buffer.from('{"a": 😀}'), error: /\\ud83d/ },
    { offset: 2, key: null, value: null, error: /orders\.dlq has them\. .*not in this store/ },
    { offset: 4, key: Buffer.from('k'), value: Buffer.from('undecodable') },
  ]);
  t.equal(decodeRecordFrame(result.deadLetters).length, 4, 'the copies are complete');
});
