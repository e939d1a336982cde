import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';

interface LiveStream {
  open(): void;
  close(): void;
  forget(): void;
}

interface Options {
  caller: { fetch: typeof fetch; refused: (problem: { code: string }) => void };
  onEvent: (event: { version: number }) => void;
  onConnection?: (isUp: boolean) => void;
  onDenied?: (problem: { code: string }) => void;
  silenceMs?: number;
}

const { LiveStream } = (await import(
  new URL('../../src/dashboard/live-stream.js', import.meta.url).href
)) as {
  LiveStream: new (url: string, options: Options) => LiveStream;
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A stream at a server that gives each request the next answer, and the last one to all that follow. */
async function watch(t: Test, answers: Answer[], options: Partial<Options> = {}) {
  const requests: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(request.headers['last-event-id'] as string | undefined);
    answers[Math.min(requests.length, answers.length) - 1]?.(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const versions: number[] = [];
  const told: string[] = [];
  const stream = new LiveStream(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    caller: { fetch, refused: ({ code }) => told.push(`refused ${code}`) },
    onEvent: ({ version }) => versions.push(version),
    onConnection: (isUp) => told.push(isUp ? 'up' : 'down'),
    onDenied: ({ code }) => told.push(`denied ${code}`),
    ...options,
  });
  t.teardown(() => {
    stream.close();
    server.closeAllConnections();
    server.close();
  });
  stream.open();
  return { stream, requests, versions, told };
}

const RETRY = 'retry: 20\n\n';

function change(version: number): string {
  return `event: change\nid: t-${version}\ndata: {"version":${version}}\n\n`;
}

function problem(code: string, status: number): string {
  return JSON.stringify({ title: 'No', detail: 'No.', code, status });
}

/** A stream with these parts, which then stays open, ends, or breaks. */
function send(parts: string, then: 'stay' | 'end' | 'break' = 'end'): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(RETRY + parts, () => {
      if (then === 'end') response.end();
      if (then === 'break') response.destroy();
    });
  };
}

function refuse(status: number, code: string): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(problem(code, status));
  };
}

await t.test(
  'it resumes after the last event that it got, with nothing missed and nothing repeated',
  async (t) => {
    const { requests, versions } = await watch(t, [
      send(change(1) + change(2) + 'event: change\nid: t-3\ndata: {"ver', 'break'),
      refuse(503, 'draining'),
      send(change(3) + ': heartbeat\nid: t-3.5\n\n'),
      send(change(4), 'stay'),
    ]);
    await eventually(() => versions.length === 4, { what: 'all events' });
    t.same(versions, [1, 2, 3, 4]);
    t.same(requests, [undefined, 't-2', 't-2', 't-3.5']);
  },
);

await t.test('it resumes where it was closed, unless told to forget', async (t) => {
  const { stream, requests, versions } = await watch(t, [send(change(1), 'stay'), send(change(2), 'stay')]);
  await eventually(() => versions.length === 1, { what: 'an event' });
  stream.close();
  stream.open();
  await eventually(() => versions.length === 2, { what: 'the next event' });
  stream.close();
  stream.forget();
  stream.open();
  await eventually(() => versions.length === 3, { what: 'a new stream' });
  t.same(requests, [undefined, 't-1', undefined]);
});

await t.test('a stream that is silent for too long is replaced', async (t) => {
  const { versions, told } = await watch(t, [send(change(1), 'stay'), send(change(2), 'stay')], {
    silenceMs: 100,
  });
  await eventually(() => versions.length === 2, { what: 'the second stream' });
  t.same(told.slice(0, 3), ['up', 'down', 'up']);
});

await t.test('a resume token that the service refuses is dropped', async (t) => {
  const { requests, versions } = await watch(t, [
    send(change(1)),
    refuse(410, 'resume-token-too-old'),
    send(change(7) + `event: problem\ndata: ${problem('resume-token-too-old', 410)}\n\n`, 'stay'),
    send(change(8), 'stay'),
  ]);
  await eventually(() => versions.length === 3, { what: 'all events' });
  t.same(versions, [1, 7, 8]);
  t.same(requests, [undefined, 't-1', undefined, undefined]);
});

for (const [what, answer, expected] of [
  ['204', (_request, response) => response.writeHead(204).end(), []],
  ['401', refuse(401, 'unauthenticated'), ['refused unauthenticated']],
  ['403', refuse(403, 'scope-missing'), ['denied scope-missing']],
  [
    'a last event that says 401',
    send(`event: problem\ndata: ${problem('unauthenticated', 401)}\n\n`, 'stay'),
    ['up', 'refused unauthenticated'],
  ],
] as [string, Answer, string[]][]) {
  await t.test(`it stops after ${what}, and can be opened again`, async (t) => {
    const { stream, requests, versions, told } = await watch(t, [
      send(change(1) + change(2)),
      answer,
      send(change(3), 'stay'),
    ]);
    await eventually(() => requests.length === 2 && told.length === 2 + expected.length, {
      what: 'the stop',
    });
    t.same(told, ['up', 'down', ...expected]);
    // Longer than it would wait to connect again.
    await new Promise((resolve) => setTimeout(resolve, 150));
    t.equal(requests.length, 2);
    stream.open();
    await eventually(() => versions.length === 3, { what: 'the next event' });
    t.same(requests, [undefined, 't-2', 't-2']);
  });
}

await t.test('each failure makes it wait longer', async (t) => {
  const at: number[] = [];
  const { requests } = await watch(t, [
    send(''),
    (request, response) => {
      at.push(performance.now());
      refuse(500, 'internal')(request, response);
    },
  ]);
  await eventually(() => requests.length === 6, { what: 'five failures' });
  const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  // Twice 20 ms and so on, each at least half of it.
  for (const [index, gap] of gaps.entries()) t.ok(gap >= 18 * 2 ** index, `${gap} ms`);
});

await t.test('it waits as long as the service asks', async (t) => {
  const startedAt = performance.now();
  const { versions } = await watch(t, [
    send(''),
    (_request, response) => response.writeHead(429, { 'retry-after': '1' }).end(problem('rate-limited', 429)),
    send(change(1), 'stay'),
  ]);
  await eventually(() => versions.length === 1, { what: 'the stream' });
  t.ok(performance.now() - startedAt >= 990);
});
