import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import type { DeadLetter } from '../../src/store/dead-letter.ts';
import { deadLetter } from '../store/batch.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { CommandRecords } from '../support/command-records.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { startHttp, type Changes } from './http-under-test.ts';

const NOON = Date.parse('2026-11-05T12:00:00.000Z');

await t.test('reading and refusing, without changes', async (t) => {
  const { app } = await startWith(t, [
    aDeadLetter(0, { orderId: 'o-1', reason: 'retries-exhausted', attempts: 20, replayCount: 1 }),
    aDeadLetter(1, { orderId: 'o-1', reason: 'predecessor-failed' }),
    aDeadLetter(2, { state: 'exhausted' }),
  ]);

  await t.test('dead letters are listed newest first, with a count per reason', async (t) => {
    const reasons = { 'retries-exhausted': 1, 'predecessor-failed': 1, 'record-undecodable': 1 };
    const first = await get(app, '/v1/dead-letters?limit=2');
    t.equal(first.status, 200);
    t.match(first.body, {
      data: [
        { id: 3, state: 'exhausted' },
        { id: 2, state: 'open' },
      ],
      reasons,
    });
    const { body } = await get(app, `/v1/dead-letters?limit=2&cursor=${String(first.body.nextCursor)}`);
    t.strictSame(body, {
      data: [
        {
          id: 1,
          orderId: 'o-1',
          reason: 'retries-exhausted',
          error: 'The value is not JSON',
          attempts: 20,
          topic: 'orders.commands',
          partition: 0,
          offset: 0,
          firstFailedAt: '2023-11-14T22:13:20.400Z',
          failedAt: '2026-11-05T12:00:00.000Z',
          replayCount: 1,
          state: 'open',
          causedBy: null,
        },
      ],
      reasons,
      nextCursor: null,
    });
  });

  await t.test('a list can be filtered', async (t) => {
    for (const [query, ids] of [
      ['orderId=o-1', [2, 1]],
      ['orderId=unknown', []],
      ['reason=retries-exhausted', [1]],
      ['state=exhausted', [3]],
      ['state=open&reason=predecessor-failed', [2]],
      ['failedAfter=2026-11-05T12:00:00Z', [3, 2]],
      ['failedBefore=2026-11-05T13:00:00.002%2B01:00', [2, 1]],
    ] as const) {
      const { body } = await get(app, `/v1/dead-letters?${query}`);
      const data = body.data as { id: number }[];
      t.same(
        data.map(({ id }) => id),
        ids,
        query,
      );
    }
  });

  await t.test('an invalid request gets a problem and changes nothing', async (t) => {
    for (const [body, pointer] of [
      [{}, ''],
      [{ ids: [1], filter: {} }, ''],
      [{ ids: [] }, '/ids'],
      [{ ids: Array.from({ length: 1001 }, (_, n) => n + 1) }, '/ids'],
      [{ ids: ['1'] }, '/ids/0'],
      [{ ids: [0] }, '/ids/0'],
      [{ ids: [1.5] }, '/ids/0'],
      [{ ids: [1], ratePerSecond: 0 }, '/ratePerSecond'],
      [{ ids: [1], ratePerSecond: 10_001 }, '/ratePerSecond'],
      [{ ids: [1], limit: 0 }, '/limit'],
      [{ ids: [1], dryRun: 'yes' }, '/dryRun'],
      [{ ids: [1], force: true }, '/force'],
      [{ filter: { reason: 'bad-luck' } }, '/filter/reason'],
      [{ filter: { customerId: 'c' } }, '/filter/customerId'],
      [{ filter: { failedAfter: 'yesterday' } }, '/filter/failedAfter'],
    ] as const) {
      for (const action of ['replay', 'discard']) {
        const answer = await post(app, action, body);
        t.match(
          answer,
          { status: 400, body: { code: 'validation-failed', errors: [{ pointer }] } },
          JSON.stringify(body).slice(0, 60),
        );
      }
    }
    for (const query of [
      'limit=0',
      'limit=101',
      'state=lost',
      'reason=x',
      'orderId=',
      'failedAfter=now',
      'page=1',
    ]) {
      t.match(
        await get(app, `/v1/dead-letters?${query}`),
        { status: 400, body: { code: 'validation-failed' } },
        query,
      );
    }
    t.match(await get(app, '/v1/dead-letters?cursor=garbage'), {
      status: 400,
      body: { code: 'cursor-invalid' },
    });
    t.match(await get(app, '/v1/dead-letters/1?verbose=1'), { status: 400 });
    t.match(await get(app, '/v1/dead-letters/1'), { body: { state: 'open', audit: [] } });
  });

  await t.test('more requests than the thread can take are refused with Retry-After', async (t) => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => app.inject('/v1/dead-letters/1')));
    const statuses = new Set(answers.map(({ statusCode }) => statusCode));
    t.same([...statuses].sort(), [200, 503]);
    const refused = answers.find(({ statusCode }) => statusCode === 503);
    t.match(refused?.json(), { code: 'overloaded' });
    t.match(refused?.headers['retry-after'], /^\d+$/);
  });
});

await t.test(
  'a dead letter is read with its record, as text or as base64, and its audit trail',
  async (t) => {
    const { app } = await startWith(t, [
      aDeadLetter(0, {}, { key: Buffer.from('o-1'), value: Buffer.from('{"name":"Süß ✂"}') }),
      aDeadLetter(1, {}, { key: Buffer.from([0xff, 0x00]), value: null }),
    ]);
    t.match(await get(app, '/v1/dead-letters/1'), {
      status: 200,
      body: {
        id: 1,
        key: 'o-1',
        keyEncoding: 'utf8',
        value: '{"name":"Süß ✂"}',
        valueEncoding: 'utf8',
        audit: [],
      },
    });
    t.match(await get(app, '/v1/dead-letters/2'), {
      body: { id: 2, key: '/wA=', keyEncoding: 'base64', value: null, valueEncoding: null },
    });
    await post(app, 'discard', { ids: [2] });
    const { body } = await get(app, '/v1/dead-letters/2');
    t.match(body, { state: 'discarded', audit: [{ act: 'discarded', by: 'anonymous', detail: 'was open' }] });
    t.match(body, { audit: [{ at: /^\d{4}-\d\d-\d\dT.*Z$/ }] });
    for (const id of ['3', '0', '01', 'x', '1e3', '99999999999999999999']) {
      t.match(
        await get(app, `/v1/dead-letters/${id}`),
        { status: 404, body: { code: 'dead-letter-not-found' } },
        id,
      );
    }
  },
);

await t.test('a replay skips exhausted dead letters, and its order is processed', async (t) => {
  const orderId = randomUUID();
  const { key, value } = new CommandRecords().place(orderId);
  const http = await startWith(t, [
    aDeadLetter(0, { orderId, reason: 'processor-failed' }, { key, value }),
    aDeadLetter(1, { state: 'exhausted', replayCount: 3 }),
    aDeadLetter(2, { replayCount: 3 }),
  ]);
  const { app } = http;
  const body = { ids: [1, 2, 3, 4] };
  const expected = { matched: 3, replayed: 0, skipped: 2 };
  t.strictSame((await post(app, 'replay', { ...body, dryRun: true })).body, expected);
  t.strictSame(await post(app, 'replay', body), { status: 200, body: { ...expected, replayed: 1 } });
  t.match(await get(app, '/v1/dead-letters/1'), {
    body: { state: 'replaying', audit: [{ act: 'replay-begun', by: 'anonymous' }] },
  });
  t.match(http.appended, [
    { topic: 'orders.commands', headers: { 'x-dlq-id': '1', 'x-dlq-replay-count': '0' } },
  ]);
  await http.process();
  t.match(await get(app, `/v1/orders/${orderId}`), { body: { status: 'confirmed' } });
  t.match(await get(app, '/v1/dead-letters/1'), {
    body: {
      state: 'resolved',
      audit: [{ act: 'replay-begun' }, { act: 'replay-sent' }, { act: 'replay-resolved', by: 'pipeline' }],
    },
  });
});

await t.test('a filter without a state means open dead letters', async (t) => {
  const { app } = await startWith(t, [
    aDeadLetter(0),
    aDeadLetter(1),
    aDeadLetter(2, { state: 'exhausted', replayCount: 9 }),
  ]);
  t.strictSame((await post(app, 'discard', { filter: { failedAfter: '2026-11-05T12:00:00Z' } })).body, {
    matched: 1,
    replayed: 0,
    discarded: 1,
    skipped: 0,
  });
  t.strictSame((await post(app, 'replay', { filter: {} })).body, { matched: 1, replayed: 1, skipped: 0 });
  const exhausted = await post(app, 'replay', { filter: { state: 'exhausted' } });
  t.strictSame(exhausted.body, { matched: 1, replayed: 0, skipped: 1 });
});

await t.test('with a limit, a replay continues page by page', async (t) => {
  const { app } = await startWith(
    t,
    Array.from({ length: 5 }, (_, n) => aDeadLetter(n)),
  );
  const page = { filter: {}, limit: 3, ratePerSecond: 1_000 };
  const first = await post(app, 'replay', page);
  t.strictSame(first.body, { matched: 3, replayed: 3, skipped: 0, nextAfterId: 3 });
  const second = await post(app, 'replay', { ...page, afterId: 3 });
  t.strictSame(second.body, { matched: 2, replayed: 2, skipped: 0, nextAfterId: null });
});

await t.test('an append that fails stops a replay, which says how far it came', async (t) => {
  let appends = 0;
  const { app } = await startWith(
    t,
    Array.from({ length: 4 }, (_, n) => aDeadLetter(n)),
    {
      beforeAppend: () => {
        appends += 1;
        if (appends === 3) throw new ServiceError('log-timeout', 'No acknowledgement.');
      },
    },
  );
  const answer = await post(app, 'replay', { filter: {}, ratePerSecond: 4 });
  t.match(answer, {
    status: 504,
    body: {
      code: 'log-timeout',
      detail:
        'Dead letter 3: No acknowledgement. 2 dead letters were replayed. Repeating the request is safe.',
    },
  });
  t.match((await post(app, 'replay', { filter: {} })).body, { matched: 2, replayed: 2 });
});

await t.test(
  'a dead letter that the event log refuses for good is skipped, and the answer says why',
  async (t) => {
    let appends = 0;
    const { app } = await startWith(
      t,
      Array.from({ length: 3 }, (_, n) => aDeadLetter(n)),
      {
        beforeAppend: () => {
          appends += 1;
          if (appends === 2) throw new ServiceError('record-too-large', 'The record has 9 MB.');
        },
      },
    );
    t.strictSame((await post(app, 'replay', { filter: {} })).body, {
      matched: 3,
      replayed: 2,
      skipped: 1,
      refused: [{ id: 2, reason: 'The record has 9 MB.' }],
    });
    t.match(await get(app, '/v1/dead-letters/2'), {
      body: { state: 'open', audit: [{ act: 'replay-begun' }, { act: 'replay-refused' }] },
    });
  },
);

await t.test('a long replay ends after its current page when the service shuts down', async (t) => {
  let draining = false;
  const { app, appended } = await startWith(
    t,
    Array.from({ length: 20 }, (_, n) => aDeadLetter(n)),
    { isDraining: () => draining },
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const replay = fetchReplay(url, { filter: {}, ratePerSecond: 8 });
  await eventually(() => appended.length > 0, { what: 'the replay to begin' });
  draining = true;
  const closing = app.close();
  const response = await replay;
  await closing;
  t.equal(response.status, 503);
  t.match(await response.json(), { code: 'draining', detail: /(2|4) dead letters were replayed/ });
  t.ok(appended.length <= 4);
});

await t.test('a long replay ends after its current page when its caller disconnects', async (t) => {
  const { app, appended, logged } = await startWith(
    t,
    Array.from({ length: 20 }, (_, n) => aDeadLetter(n)),
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const caller = new AbortController();
  const replay = fetchReplay(url, { filter: {}, ratePerSecond: 8 }, caller.signal);
  await eventually(() => appended.length > 0, { what: 'the replay to begin' });
  caller.abort();
  await t.rejects(replay, { name: 'AbortError' });
  await eventually(() => logged.length > 0, { what: 'the end of the replay' });
  t.match(logged, [{ path: '/v1/dead-letters/replay', detail: /the caller disconnected/ }]);
  t.ok(appended.length <= 4);
});

function aDeadLetter(
  offset: number,
  changes: Partial<DeadLetter> = {},
  record: Partial<DeadLetter['record']> = {},
) {
  return deadLetter({ offset, ...record }, { failedAt: NOON + offset, ...changes });
}

async function startWith(t: Test, deadLetters: DeadLetter[], changes: Changes = {}) {
  const http = await startHttp(t, changes);
  const { store, log } = http.service;
  await keepDeadLetters(store, deadLetters, [], log.progressName(TOPICS.commands));
  return http;
}

async function get(app: FastifyInstance, url: string) {
  const response = await app.inject(url);
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
}

async function post(app: FastifyInstance, action: string, payload: object) {
  const response = await app.inject({ method: 'POST', url: `/v1/dead-letters/${action}`, payload });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
}

function fetchReplay(url: string, body: object, signal = AbortSignal.timeout(10_000)): Promise<Response> {
  return fetch(`${url}/v1/dead-letters/replay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });
}
