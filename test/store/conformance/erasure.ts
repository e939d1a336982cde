import type { Test } from 'tap';
import { createEventCodec } from '../../../src/order/events.ts';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { DecidedCommand } from '../../../src/order/decide.ts';
import type { BatchStore } from '../../../src/store/order-store.ts';
import { noRetryChanges } from '../../../src/store/retries.ts';
import { apply, deadLetter, emptyDecision, place, TOPIC } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import type { MakeStore, StoreUnderTest } from '../store-under-test.ts';

const codec = createEventCodec();
const ERASURE = { customerId: 'c-7', pseudonym: 'erased-1' };
const SECRETS = ['c-7"', 'Ahornallee', 'Thali', 'fingerprint of a body'];
const AUDIT = { by: 'ann', at: 9_000 };

/** What erasing does with each column: `stays` cannot have personal data. A new column must be added here, after thinking about it. */
const COLUMNS: Record<string, { erased: string[]; stays: string[] }> = {
  orders: {
    erased: ['customer_id', 'items', 'metadata', 'fingerprint'],
    stays: [
      'id',
      'merchant_id',
      'currency',
      'status',
      'placed_by',
      'seq',
      'total',
      'version',
      'created_at',
      'updated_at',
    ],
  },
  order_history: {
    erased: ['reason', 'operator_reason', 'error_detail'],
    stays: ['seq', 'order_id', 'version', 'status', 'at', 'partition', 'offset', 'attempts'],
  },
  retrying_orders: {
    erased: ['error', 'error_detail', 'customer_id'],
    stays: [
      ...[
        'order_id',
        'topic',
        'partition',
        'attempts',
        'events',
        'first_failed_at',
        'failed_at',
        'due_at',
        'late_ms',
      ],
      ...['completed', 'unanswered', 'merchant_id'],
    ],
  },
  retrying_events: {
    erased: ['value'],
    stays: ['order_id', 'ordinal', 'offset', 'partition', 'key', 'headers', 'log_timestamp'],
  },
  dead_letters: {
    erased: ['value', 'error', 'error_detail', 'key'],
    stays: [
      ...[
        'id',
        'topic',
        'partition',
        'offset',
        'log_timestamp',
        'order_id',
        'reason',
        'attempts',
        'first_failed_at',
      ],
      ...['failed_at', 'replay_count', 'state'],
    ],
  },
  dead_letter_audit: { erased: ['detail'], stays: ['id', 'letter_id', 'at', 'act', 'by'] },
  api_keys: {
    erased: [
      'id',
      'hash',
      'name',
      'owner',
      'customer_id',
      'merchant_id',
      'scopes',
      'created_at',
      'expires_at',
      'revoked_at',
    ],
    stays: [],
  },
};

/** Tables without personal data. */
const IMPERSONAL = [
  ...[
    'progress',
    'log_identities',
    'history_epochs',
    'status_logs',
    'partition_owners',
    'lone_orders',
    'migrations',
  ],
  ...['order_retention', 'erasures', 'replicas', 'change_counter'],
];

export async function erasureConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test(
    'what is erased is gone from every table, and other customers keep all of theirs',
    async (t) => {
      const store = await makeStore(t);
      const { rows, erasureStore, reader } = store;
      await fill(store);
      const kept = () =>
        Promise.all(
          Object.keys(COLUMNS).map((table) =>
            rows(`SELECT * FROM ${table} WHERE ${OF_OTHERS[table] ?? 'true'}`),
          ),
        );
      const before = await kept();

      const erasure = await erasureStore();
      const data = await erasure.dataOf(ERASURE.customerId);
      t.same(
        { ...data, orders: data.orders.toSorted() },
        {
          orders: ['closed', 'failed', 'open'],
          openOrders: ['open'],
          retrying: ['later'],
          deadLetters: [
            { id: 1, orderId: 'failed' },
            { id: 3, orderId: null },
          ],
          apiKeys: 1,
        },
      );
      const id = await erasure.begin({ customerHash: 'h', salt: 's', requestedBy: 'ann', requestedAt: 1 });
      await erasure.eraseDeadLetters(
        data.deadLetters.map((each) => each.id),
        AUDIT,
      );
      for (const orderId of data.retrying) await erasure.eraseRetrying(orderId, ERASURE);
      while ((await erasure.eraseOrders(ERASURE)) > 0);
      await erasure.deleteApiKeys(ERASURE.customerId);
      await erasure.rewrite(() => undefined);
      const counts = { orders: 3, retrying: 1, deadLetters: 2, apiKeys: 1, logRecords: 0 };
      await erasure.complete(id, counts, 2);

      for (const table of Object.keys(COLUMNS)) {
        const text = textOf(await rows(`SELECT * FROM ${table}`));
        for (const secret of SECRETS) t.notOk(text.includes(secret), `${secret} in ${table}`);
      }
      t.same(await kept(), before, 'the rows of other customers stay as they are');
      t.match(await reader.find('closed', ALL_ORDERS), {
        ...{ customerId: 'erased-1', merchantId: 'm-1', status: 'cancelled', total: 36_000 },
        items: [{ sku: 's-1', quantity: 2, unitPrice: 18_000 }],
      });
      const list = await reader.list({ customerId: 'erased-1', limit: 10 }, ALL_ORDERS);
      t.equal(list.data.length, 3, 'they are listed under the pseudonym');
      t.same((await reader.list({ customerId: 'c-7', limit: 10 }, ALL_ORDERS)).data, []);
      t.match(await erasure.dataOf(ERASURE.customerId), {
        orders: [],
        retrying: [],
        deadLetters: [],
        apiKeys: 0,
      });
      const [note] = await rows('SELECT * FROM erasures');
      t.match(note, {
        customer_hash: 'h',
        requested_by: 'ann',
        completed_at: 2,
        counts: JSON.stringify(counts),
      });
    },
  );

  await t.test('an erased retrying order goes on under the pseudonym', async (t) => {
    const store = await makeStore(t);
    await fill(store);
    const writer = await store.writer();
    const due = { topic: TOPIC, partitions: [0], now: 100_000, latest: 200_000, limit: 10, published: [] };
    // Its due time may be that of another one.
    const load = async () =>
      (await writer.loadDue(due)).orders.find(({ retrying }) => retrying.orderId === 'later');
    const loaded = await load();
    if (loaded === undefined) throw new Error('nothing is due');
    await (await store.erasureStore()).eraseRetrying('later', ERASURE);
    const changes = { ...noRetryChanges(), completed: [loaded.retrying] };
    const late = saving({ retryChanges: changes });
    await t.rejects(
      writer.save(late),
      { code: 'progress-conflict' },
      'a worker that loaded the order before cannot save it',
    );
    const again = await load();
    t.match(codec.decodeCommand(again?.events[0]?.value ?? null), {
      kind: 'place',
      orderId: 'later',
      order: { customerId: 'erased-1', total: 36_000, items: [{ sku: 's-1' }] },
    });
    t.match(again?.retrying, { attempts: 1, events: 1, error: 'erased' });
  });

  await t.test('an erased dead letter is discarded, and its audit says so', async (t) => {
    const store = await makeStore(t);
    await fill(store);
    await (await store.erasureStore()).eraseDeadLetters([1], AUDIT);
    const letters = await store.deadLetterStore();
    t.match(await letters.find(1), { state: 'discarded', value: null, error: 'erased', orderId: 'failed' });
    t.match((await letters.audit(1)).at(-1), { act: 'discarded', by: 'ann', at: 9_000 });
    t.same(await letters.replayBegun([1], { by: 'eve', at: 1 }), [], 'it cannot be replayed');
  });

  await t.test('of an order that was never stored, every dead letter belongs to the customer', async (t) => {
    const { writer, erasureStore } = await makeStore(t);
    const placed = codec.encodeCommand(place(0, 'unstored', { customerId: 'c-7' }).command);
    const moved = codec.encodeCommand({
      kind: 'transition',
      ...{ eventId: 'm', orderId: 'unstored', time: 1, to: 'cancelled', reason: 'closed at Ahornallee' },
      actor: { kind: 'merchant', merchantId: 'm-1' },
    });
    await keepDeadLetters(await writer(), [
      deadLetter({ offset: 1, value: placed }, { orderId: 'unstored', reason: 'store-refused' }),
      deadLetter({ offset: 2, value: moved }, { orderId: 'unstored', reason: 'predecessor-failed' }),
      deadLetter({ offset: 3, value: moved }, { orderId: 'another', reason: 'predecessor-failed' }),
    ]);
    t.same(
      (await (await erasureStore()).dataOf('c-7')).deadLetters,
      [
        { id: 2, orderId: 'unstored' },
        { id: 1, orderId: 'unstored' },
      ],
      'the one that names the customer is the last, so that an interrupted erasure can be repeated',
    );
  });

  await t.test('each column of the store is known to be erased or to have no personal data', async (t) => {
    const { columns } = await makeStore(t);
    const known = Object.entries(COLUMNS).flatMap(([table, { erased, stays }]) =>
      [...erased, ...stays].map((column) => `${table}.${column}`),
    );
    const unknown = (await columns()).filter(
      (name) => !known.includes(name) && !IMPERSONAL.includes(name.split('.')[0] ?? ''),
    );
    t.same(unknown, [], 'say here and in EMPTIED what erasing does with them');
  });
}

const OF_OTHERS: Record<string, string> = {
  orders: `id LIKE 'other%'`,
  order_history: `order_id LIKE 'other%'`,
  retrying_orders: `order_id LIKE 'other%'`,
  retrying_events: `order_id LIKE 'other%'`,
  dead_letters: `id IN (2, 4)`,
  dead_letter_audit: `letter_id IN (2, 4)`,
  api_keys: `customer_id = 'c-8'`,
};

/** The same of two customers: open, closed, failed and retrying orders, dead letters with and without order, and keys. */
async function fill({ writer, runSql, apiKeyStore }: StoreUnderTest): Promise<void> {
  const store = await writer();
  const of = (customerId: string, prefix: string, offset: number) =>
    ['open', 'closed', 'failed'].map((name, index) =>
      secretly(
        place(offset + index, prefix + name, {
          customerId,
          ...(name === 'failed' ? { status: 'failed' } : {}),
        }),
      ),
    );
  await apply(store, [...of('c-7', '', 0), ...of('c-8', 'other-', 3)], 5_000);
  await runSql(`UPDATE orders SET status = 'cancelled' WHERE id LIKE '%closed'`);
  await runSql(
    `UPDATE order_history SET reason = 'to Ahornallee', operator_reason = 'Ahornallee', error_detail = '"Ahornallee"'`,
  );
  const letters = ['c-7', 'c-8'].flatMap((customerId, index) => {
    const value = codec.encodeCommand(secretly(place(0, 'x', { customerId })).command);
    return [{ value, orderId: index === 0 ? 'failed' : 'other-failed', offset: 20 + index }];
  });
  await keepDeadLetters(store, [
    ...letters.map(({ value, orderId, offset }) =>
      deadLetter({ offset, value }, { orderId, error: 'not at Ahornallee' }),
    ),
    ...['c-7', 'c-8'].map((customerId, index) => {
      const value = Buffer.from(
        `{"customerId": "${customerId}", "${customerId === 'c-7' ? 'Thali' : 'Dosa'}"`,
      );
      return deadLetter({ offset: 30 + index, key: value, value }, { error: 'not at Ahornallee' });
    }),
  ]);
  await runSql(`UPDATE dead_letters SET error_detail = '"Ahornallee"'`);
  await runSql(
    `INSERT INTO dead_letter_audit (letter_id, at, act, by, detail) SELECT id, 1, 'replay-failed', 'p', 'Ahornallee' FROM dead_letters`,
  );
  for (const [customerId, orderId, offset] of [
    ['c-7', 'later', 40],
    ['c-8', 'other-later', 41],
  ] as const) {
    await addRetrying(store, customerId, orderId, offset);
  }
  const keys = await apiKeyStore();
  for (const customerId of ['c-7', 'c-8']) {
    await keys.create({
      ...{
        id: customerId,
        hash: 'h',
        name: `the phone of ${customerId}"`,
        owner: 'o',
        customerId,
        merchantId: null,
      },
      ...{ scopes: [], createdAt: 1, expiresAt: null, revokedAt: null },
    });
  }
  await runSql(`UPDATE dead_letters SET error = 'of another', error_detail = NULL WHERE id IN (2, 4)`);
  await runSql(`UPDATE dead_letter_audit SET detail = 'of another' WHERE letter_id IN (2, 4)`);
  await runSql(
    `UPDATE order_history SET reason = 'r', operator_reason = NULL, error_detail = NULL WHERE order_id LIKE 'other%'`,
  );
}

async function addRetrying(
  store: BatchStore,
  customerId: string,
  orderId: string,
  offset: number,
): Promise<void> {
  const { command } = secretly(place(offset, orderId, { customerId }));
  const value = codec.encodeCommand(command);
  const record = { partition: 0, offset, timestamp: 1, key: Buffer.from(orderId), value };
  const retrying = {
    ...{
      orderId,
      partition: 0,
      attempts: 1,
      events: 1,
      error: customerId === 'c-7' ? 'away from Ahornallee' : 'away',
    },
    ...{
      firstFailedAt: 1,
      failedAt: 1,
      dueAt: customerId === 'c-7' ? 2 : 30,
      lateMs: 0,
      unanswered: false,
      customerId,
    },
  };
  const added = { ...noRetryChanges(), added: [retrying], events: [{ orderId, record }] };
  await store.save(saving({ retryChanges: added }));
}

function saving(changes: Partial<Parameters<BatchStore['save']>[0]>): Parameters<BatchStore['save']>[0] {
  return {
    ...{
      topic: TOPIC,
      decision: emptyDecision(),
      deadLetters: [],
      resolved: [],
      retryChanges: noRetryChanges(),
    },
    ...{ loadedProgress: new Map<number, number>(), nextProgress: new Map<number, number>() },
    ...changes,
  };
}

/** Gives an order personal data of the customer `c-7`; others get none that the test looks for. */
function secretly(decided: DecidedCommand): DecidedCommand {
  if (!('outcome' in decided)) return decided;
  const { command } = decided;
  const isSecret = command.order.customerId === 'c-7';
  const order = {
    ...command.order,
    items: [{ sku: 's-1', name: isSecret ? 'Thali' : 'Dosa', quantity: 2, unitPrice: 18_000 }],
    total: 36_000,
    metadata: { address: isSecret ? 'Ahornallee 12' : 'Fliederweg 7' },
  };
  return {
    ...decided,
    command: { ...command, order, fingerprint: isSecret ? 'fingerprint of a body' : 'f' },
  };
}

/** Bytes as text, so that they can be searched. */
function textOf(rows: Record<string, unknown>[]): string {
  return rows
    .map((row) =>
      Object.values(row)
        .map((value) => `${Buffer.isBuffer(value) ? value.toString() : String(value)}"`)
        .join('\n'),
    )
    .join('\n');
}
