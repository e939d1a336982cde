import { join } from 'node:path';
import t from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import type { EmbeddedEventLog } from '../../../src/log/embedded/embedded-event-log.ts';
import { TOPICS } from '../../../src/log/event-log.ts';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { Command } from '../../../src/order/commands.ts';
import { createEventCodec } from '../../../src/order/events.ts';
import { findTexts } from '../../support/raw-bytes.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { newLog } from './support.ts';

const codec = createEventCodec();
const ERASURE = { customerId: 'customer-7', pseudonym: 'erased-1' };
const SECRETS = ['customer-7"', 'Zwetschgenkuchen', 'Ahornallee 12', 'Frau Krause'];

const placed = (orderId: string, customerId: string, name: string): Command => ({
  kind: 'place',
  ...{ eventId: `e-${orderId}`, orderId, time: 1_000, traceparent: '00-aa-bb-01', fingerprint: `of ${name}` },
  order: {
    ...{
      customerId,
      merchantId: 'm-1',
      currency: 'EUR',
      total: 900,
      metadata: { address: name === 'Strudel' ? 'Ulmenweg 3' : 'Ahornallee 12' },
    },
    items: [{ sku: 's-1', name, quantity: 3, unitPrice: 300 }],
  },
});

const moved = (orderId: string, reason: string, customerId?: string): Command => ({
  kind: 'transition',
  ...{ eventId: `m-${orderId}`, orderId, time: 2_000, to: 'cancelled', reason, expectedVersion: 1 },
  actor: customerId === undefined ? ALL_ORDERS : { kind: 'customer', customerId },
});

/** More than one chunk: commands of two customers in turn, and copies of dead letters. */
async function fill(log: EmbeddedEventLog): Promise<void> {
  const append = (topic: string, command: Command, headers?: Record<string, string>) =>
    log.append({ topic, key: command.orderId, value: codec.encodeCommand(command), headers });
  for (let n = 0; n < 300; n += 1) {
    await Promise.all([
      append(TOPICS.commands, placed(`a-${n}`, 'customer-7', 'Zwetschgenkuchen')),
      append(TOPICS.commands, placed(`b-${n}`, 'customer-70', 'Strudel')),
    ]);
    // The second transition of the customer's order is one of a merchant, whose record does not name the customer.
    if (n % 10 === 0) {
      await append(TOPICS.commands, moved(`a-${n}`, 'Frau Krause kommt nicht', 'customer-7'));
      await append(TOPICS.commands, moved(`a-${n}`, 'Frau Krause war nicht da'));
      await append(TOPICS.commands, moved(`b-${n}`, 'Herr Meier kommt nicht', 'customer-70'));
    }
  }
  await append(TOPICS.commands, moved('known', 'Frau Krause fehlt'));
  await log.append({
    topic: TOPICS.commands,
    key: null,
    value: Buffer.from('{"customerId":"customer-7", Ahornallee 12'),
  });
  const error = { '__dlq.errors.message': 'nothing near Ahornallee 12', 'x-dlq-reason': 'processor-failed' };
  await append(TOPICS.deadLetters, placed('a-0', 'customer-7', 'Zwetschgenkuchen'), error);
  await append(TOPICS.deadLetters, placed('b-0', 'customer-70', 'Strudel'), {
    '__dlq.errors.message': 'nothing',
  });
}

async function rangesOf(log: EmbeddedEventLog, topic: string) {
  return new Map((await log.ranges(topic)).map(({ start, end }, n) => [n, { from: start, to: end }]));
}

async function recordsOf(log: EmbeddedEventLog, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (const [partition, { from, to }] of await rangesOf(log, topic)) {
    for (let offset = from; offset < to; offset += 1) {
      records.push(...(await log.recordsAt(topic, new Map([[partition, offset]]))).values());
    }
  }
  return records;
}

const isOfOthers = ({ key }: LogRecord) => key?.toString().startsWith('b-') === true;

await t.test('only the records of the customer change, and keep their offset, key and time', async (t) => {
  const dataDirectory = await temporaryFolder(t);
  const log = newLog({ dataDirectory });
  await log.start();
  await fill(log);
  const before = [await recordsOf(log, TOPICS.commands), await recordsOf(log, TOPICS.deadLetters)].flat();
  t.equal((await findTexts(dataDirectory, SECRETS)).length > 0, true);

  const orderIds = new Set(['known']);
  const redacted =
    (await log.redact(TOPICS.commands, await rangesOf(log, TOPICS.commands), ERASURE, orderIds)) +
    (await log.redact(TOPICS.deadLetters, await rangesOf(log, TOPICS.deadLetters), ERASURE, orderIds));
  t.equal(redacted, 300 + 2 * 30 + 1 + 1 + 1);
  t.equal(orderIds.size, 301);
  await log.rewrite();
  t.same(await findTexts(dataDirectory, SECRETS), [], 'no bytes are left while the log is open');

  const after = [await recordsOf(log, TOPICS.commands), await recordsOf(log, TOPICS.deadLetters)].flat();
  const place = ({ partition, offset, timestamp, key }: LogRecord) => [
    partition,
    offset,
    timestamp,
    key?.toString(),
  ];
  t.same(after.map(place), before.map(place));
  t.same(after.filter(isOfOthers), before.filter(isOfOthers), 'other records are the same, byte for byte');
  const own = after.filter((record) => record.key !== null && !isOfOthers(record));
  for (const { value } of own) {
    const command = codec.decodeCommand(value);
    if (command.kind === 'place') {
      t.match(command, { traceparent: '00-aa-bb-01', fingerprint: undefined, time: 1_000 });
      t.same(command.order, {
        ...{ customerId: 'erased-1', merchantId: 'm-1', currency: 'EUR', total: 900 },
        items: [{ sku: 's-1', quantity: 3, unitPrice: 300 }],
      });
    } else {
      t.match(command, { to: 'cancelled', reason: undefined, expectedVersion: 1 });
      t.not(JSON.stringify(command.actor).includes('customer-7'), true);
    }
  }
  t.match(after.at(-1)?.headers ?? after.at(-2)?.headers, { '__dlq.errors.message': /nothing|erased/ });
  const beyond = [...(await rangesOf(log, TOPICS.commands))].map(
    ([partition, { from, to }]) => [partition, { from, to: to + 1 }] as const,
  );
  t.equal(
    await log.redact(TOPICS.commands, new Map(beyond), ERASURE, orderIds),
    0,
    'a repetition finds nothing, also where there are no records',
  );

  await log.append({ topic: TOPICS.commands, key: 'next', value: Buffer.from('v') });
  await log.stop();
  const again = newLog({ dataDirectory });
  await again.start();
  t.teardown(() => again.stop());
  t.equal((await recordsOf(again, TOPICS.commands)).length, before.length - 2 + 1, 'the log is sound');
  t.match(codec.decodeCommand((await again.find(TOPICS.commands, 'a-7'))?.value ?? null), {
    order: { customerId: 'erased-1' },
  });
  t.same(await findTexts(dataDirectory, SECRETS), []);
});

await t.test('records outside the range stay', async (t) => {
  const dataDirectory = await temporaryFolder(t);
  const log = newLog({ dataDirectory, partitions: 1 });
  await log.start();
  t.teardown(() => log.stop());
  await Promise.all(
    ['a-0', 'a-1', 'a-2', 'a-3'].map((id) =>
      log.append({
        topic: TOPICS.commands,
        key: id,
        value: codec.encodeCommand(placed(id, 'customer-7', 'Zwetschgenkuchen')),
      }),
    ),
  );
  const customers = async () =>
    (await recordsOf(log, TOPICS.commands)).map(
      ({ value }) => (codec.decodeCommand(value) as { order: { customerId: string } }).order.customerId,
    );
  const redact = (from: number, to: number) =>
    log.redact(TOPICS.commands, new Map([[0, { from, to }]]), ERASURE, new Set());
  t.equal(await redact(0, 2), 2);
  t.same(await customers(), ['erased-1', 'erased-1', 'customer-7', 'customer-7']);
  t.equal(await redact(2, 4), 2, 'in the middle of a chunk');
  t.same(await customers(), ['erased-1', 'erased-1', 'erased-1', 'erased-1']);
  t.ok(
    (await findTexts(join(dataDirectory), ['Zwetschgenkuchen'])).length > 0,
    'old bytes stay until the file is rewritten',
  );
});

await t.test('writers wait only briefly for the records of a customer with many orders', async (t) => {
  const log = newLog({ dataDirectory: await temporaryFolder(t), partitions: 1 });
  await log.start();
  t.teardown(() => log.stop());
  const value = codec.encodeCommand(placed('a-0', 'customer-7', 'Zwetschgenkuchen'));
  await log.append({ topic: TOPICS.commands, key: 'a-0', value });
  const orderIds = new Set(
    Array.from({ length: 40_000 }, (_, n) => `0199e6a2-5f0b-7c3d-8a41-${String(n).padStart(12, '0')}`),
  );
  const begin = performance.now();
  t.equal(await log.redact(TOPICS.commands, new Map([[0, { from: 0, to: 1 }]]), ERASURE, orderIds), 1);
  // Comparing each order with each other one takes many seconds.
  t.ok(performance.now() - begin < 1_500, `${Math.round(performance.now() - begin)} ms`);
});
