import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { Watcher } from './watcher.ts';

type Answer = (response: ServerResponse) => void;

/** Answers the requests one after the other, and notes the token of each; then it keeps streams open. */
async function server(t: Test, answers: Answer[]) {
  const tokens: (string | undefined)[] = [];
  const listening = createServer((request: IncomingMessage, response) => {
    tokens.push(request.headers['last-event-id']?.toString());
    (answers.shift() ?? opened)(response);
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.teardown(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const address = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  return { tokens, address };
}

const opened: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: start\n\n');
};

const tells =
  (version: number, end: boolean): Answer =>
  (response) => {
    opened(response);
    const change = { orderId: 'order-1', version, status: 'confirmed' };
    response.write(`event: change\nid: token-${version}\ndata: ${JSON.stringify(change)}\n\n`);
    if (end) response.end();
  };

const refuses: Answer = (response) => response.writeHead(410).end('{}');

const endsWithProblem: Answer = (response) => {
  opened(response);
  response.end('event: problem\ndata: {"status":410}\n\n');
};

for (const [name, refusal] of [
  ['a response', refuses],
  ['the last event of a stream', endsWithProblem],
] as const) {
  await t.test(`a watcher resumes, and begins again after 410 as ${name}`, async (t) => {
    const { tokens, address } = await server(t, [tells(1, true), refusal, tells(2, false), refuses]);
    const watcher = new Watcher({ name: 'watcher', nextAddress: () => address });
    await watcher.start();
    await eventually(() => watcher.told.length === 2, { what: 'two changes' });
    await watcher.stop();
    await watcher.probe(address);
    t.same(tokens.slice(0, 3), [undefined, 'token-1', undefined]);
    t.same(
      watcher.told.map(({ version }) => version),
      [1, 2],
    );
    const wasOpened = refusal === endsWithProblem ? [200] : [];
    t.same(
      watcher.resumes.map(({ status }) => status),
      [...wasOpened, 410],
    );
    t.ok(
      (watcher.resumes.at(-1)?.at ?? 0) <= (watcher.told[1]?.at ?? 0),
      'the gap ends before the next change',
    );
    t.same(
      watcher.probes.map(({ status }) => status),
      [410],
    );
  });
}
