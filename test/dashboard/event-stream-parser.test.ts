import t from 'tap';

interface Parser {
  lastEventId: string;
  retryMs: number | undefined;
  push(chunk: Uint8Array): void;
}

const { EventStreamParser } = (await import(
  new URL('../../src/dashboard/event-stream-parser.js', import.meta.url).href
)) as {
  EventStreamParser: new (onEvent: (type: string, data: string) => void, lastEventId?: string) => Parser;
};

/** What a parser told, and how it is after the last chunk. */
function parse(chunks: Uint8Array[], lastEventId?: string) {
  const events: [type: string, data: string, id: string][] = [];
  const parser = new EventStreamParser(
    (type, data) => events.push([type, data, parser.lastEventId]),
    lastEventId,
  );
  for (const chunk of chunks) parser.push(chunk);
  return { events, lastEventId: parser.lastEventId, retryMs: parser.retryMs };
}

const bytes = (text: string) => new TextEncoder().encode(text);

const EVENTS = [
  'retry: 1500\nid: t-0\n\n',
  ': heartbeat\nid: t-1\n\n',
  'event: change\nid: t-2\ndata: {"reason":"Küche zu – 🍛"}\n\n',
  'data\n\n',
  'data:one\ndata:  two\ndata: three: four\nunknown: x\nretry: soon\nid: a\0b\n\n',
  'event: problem\n\n',
  'id\ndata: cleared\n\n',
  'id: t-3\ndata: not finished\n',
].join('');

const EXPECTED = {
  events: [
    ['change', '{"reason":"Küche zu – 🍛"}', 't-2'],
    ['message', '', 't-2'],
    ['message', 'one\n two\nthree: four', 't-2'],
    ['message', 'cleared', ''],
  ],
  lastEventId: '',
  retryMs: 1500,
};

await t.test('every line end is understood, wherever the chunks end', async (t) => {
  for (const end of ['\n', '\r\n', '\r']) {
    const stream = bytes(`\ufeff${EVENTS.replaceAll('\n', end)}`);
    for (let at = 0; at <= stream.length; at += 1) {
      const parsed = parse([stream.slice(0, at), stream.slice(at)]);
      if (JSON.stringify(parsed) !== JSON.stringify(EXPECTED)) t.same(parsed, EXPECTED, `split at ${at}`);
    }
    t.same(parse([...stream].map((byte) => Uint8Array.of(byte))), EXPECTED, 'byte by byte');
  }
});

await t.test('the id of a block without data counts, that of an incomplete block does not', async (t) => {
  t.equal(parse([bytes('id: t-1\n\n: heartbeat\nid: t-2\n\nid: t-3\n')]).lastEventId, 't-2');
});

await t.test('a resumed stream keeps its id until it names another', async (t) => {
  t.same(parse([bytes('data: x\n\n')], 't-9').events, [['message', 'x', 't-9']]);
});
