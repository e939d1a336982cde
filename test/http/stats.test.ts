import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';
import { deadLetter } from '../store/batch.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { startHttp, type HttpUnderTest } from './http-under-test.ts';

interface Body {
  totals: Record<'accepted' | 'confirmed', number>;
  latency: Record<'accept' | 'acceptToConfirmed', { count: number; p50: number | null; p99: number | null }>;
  backlog: { records: number | null; oldestAgeMs: number | null };
  retries: { waiting: number | null };
  deadLetters: { open: number | null; reasons: Record<string, number> };
  seconds: { endedAt: string; accepted: number; confirmed: number }[];
}

async function statsOf({ app }: HttpUnderTest, query = ''): Promise<Body> {
  const response = await app.inject(`/v1/stats${query}`);
  t.equal(response.statusCode, 200, response.body);
  return response.json<Body>();
}

function place({ app }: HttpUnderTest, headers: Record<string, string> = {}) {
  return app.inject({ method: 'POST', url: '/v1/orders', headers, payload: anOrder() });
}

const http = await startHttp(t);

await t.test('a new service has zeros, and null for what was never timed', async (t) => {
  const none = { accepted: 0, confirmed: 0, rejected: 0, failed: 0 };
  const untimed = { count: 0, p50: null, p99: null };
  t.match(await statsOf(http), {
    replica: 'r-1',
    role: 'all',
    totals: none,
    perSecond: none,
    latency: { accept: untimed, acceptToConfirmed: untimed },
    backlog: { records: 0, oldestAgeMs: 0 },
    retries: { waiting: 0 },
    deadLetters: { open: 0, reasons: {} },
    watchers: 0,
    seconds: [],
  });
});

await t.test('orders are counted, and timed from the request to the confirming event', async (t) => {
  await place(http);
  await place(http, { 'idempotency-key': 'k-1' });
  await place(http, { 'idempotency-key': 'k-1' });
  await http.app.inject({ method: 'POST', url: '/v1/orders', payload: {} });
  await eventually(async () => (await statsOf(http)).backlog.records === 2, {
    what: 'the backlog to show',
  });
  t.match(await statsOf(http), { totals: { accepted: 2, confirmed: 0 }, latency: { accept: { count: 3 } } });
  await http.process();
  await eventually(async () => (await statsOf(http)).backlog.records === 0, {
    what: 'the backlog to be empty',
  });
  const { totals, latency } = await statsOf(http);
  t.match(totals, { accepted: 2, confirmed: 2 });
  t.match(latency.acceptToConfirmed, { count: 2, p50: Number, p99: Number });
  t.ok((latency.accept.p50 ?? 0) <= (latency.accept.p99 ?? 0));
  await eventually(
    async () => (await statsOf(http, '?seconds=120')).seconds.some(({ confirmed }) => confirmed > 0),
    { what: 'the second of the confirmations to end' },
  );
  t.equal((await statsOf(http, '?seconds=1')).seconds.length, 1);
});

await t.test('only open dead letters count, by reason', async (t) => {
  await keepDeadLetters(http.service.store, [
    deadLetter({ offset: 1 }, { reason: 'processor-failed' }),
    deadLetter({ offset: 2 }, { reason: 'processor-failed' }),
    deadLetter({ offset: 3 }, { reason: 'record-undecodable' }),
    deadLetter({ offset: 4 }, { reason: 'record-undecodable', state: 'exhausted' }),
  ]);
  await eventually(async () => (await statsOf(http)).deadLetters.open === 3, {
    what: 'the open dead letters to be counted',
  });
  t.same((await statsOf(http)).deadLetters.reasons, { 'processor-failed': 2, 'record-undecodable': 1 });
});

await t.test('a wrong query is refused', async (t) => {
  for (const query of ['seconds=121', 'seconds=-1', 'seconds=x', 'minutes=1']) {
    t.equal((await http.app.inject(`/v1/stats?${query}`)).statusCode, 400, query);
  }
});

await t.test('what cannot be read is null, the rest is answered', async (t) => {
  await place(http);
  await http.service.reader.close();
  await http.service.log.stop();
  await eventually(
    async () => {
      const { backlog, retries } = await statsOf(http);
      return backlog.records === null && retries.waiting === null;
    },
    { what: 'the failures to show' },
  );
  t.match(await statsOf(http), { totals: { accepted: 3 } });
});
