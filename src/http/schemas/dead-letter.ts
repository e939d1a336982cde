import { isUtf8 } from 'node:buffer';
import { Type, type Static } from 'typebox';
import { Identifier } from '../../order/order.ts';
import { DEAD_LETTER_REASONS, DEAD_LETTER_STATES } from '../../store/dead-letter.ts';
import type {
  AuditEntry,
  DeadLetterEntry,
  DeadLetterFilter,
  DeadLetterWithPayload,
} from '../../store/dead-letter-store.ts';
import { EXAMPLE_ID, timestamp, Timestamp } from './order.ts';
import { timeOf } from './query.ts';

const Reason = Type.Enum([...DEAD_LETTER_REASONS], { type: 'string', description: 'Why it failed' });
const State = Type.Enum([...DEAD_LETTER_STATES], {
  type: 'string',
  description:
    '`open`: waits for a decision · `replaying`: sent again, not processed yet · `resolved`: its replay was done · ' +
    '`discarded`: given up · `exhausted`: its replays failed too often, further ones pass it over',
});

/** What letters can be found by; the properties of a query, and of a filter in a body. */
export const filterProperties = {
  reason: Type.Optional(Reason),
  orderId: Type.Optional(Identifier('The order that it is about')),
  state: Type.Optional(State),
  failedAfter: Type.Optional(
    Timestamp('Of the latest failure, RFC 3339; in a query a + in it is written %2B'),
  ),
  failedBefore: Type.Optional(
    Timestamp('Of the latest failure, RFC 3339; in a query a + in it is written %2B'),
  ),
};

export const FilterBody = Type.Object(filterProperties, {
  additionalProperties: false,
  description: 'All that match; without a state those that are `open`',
});

/**
 * @param pointer where the filter stands in the request
 * @throws ServiceError `validation-failed` for a time that is none
 */
export function filterOf(filter: Static<typeof FilterBody>, pointer: string): DeadLetterFilter {
  const { reason, orderId, state, failedAfter, failedBefore } = filter;
  return {
    reason,
    orderId,
    state,
    failedAfter: timeOf(`${pointer}/failedAfter`, failedAfter),
    failedBefore: timeOf(`${pointer}/failedBefore`, failedBefore),
  };
}

const entryProperties = {
  id: Type.Integer({ minimum: 1 }),
  orderId: Type.Union([Type.String(), Type.Null()], { description: 'null when the record names no order' }),
  reason: Reason,
  error: Type.String({ description: 'What the latest failure said' }),
  attempts: Type.Integer({
    minimum: 0,
    description: 'How often it was tried, replays included; 0 for one that only waited behind another',
  }),
  topic: Type.String(),
  partition: Type.Integer({ minimum: 0 }),
  offset: Type.Integer({ minimum: 0, description: 'Of the record that failed latest' }),
  firstFailedAt: Timestamp('When it failed for the first time'),
  failedAt: Timestamp('When it failed latest'),
  replayCount: Type.Integer({ minimum: 0, description: 'How many replays of it failed' }),
  state: State,
};

export const EntryBody = Type.Object(entryProperties);
export type EntryBody = Static<typeof EntryBody>;

const Encoding = (what: string) =>
  Type.Union([Type.Enum(['utf8', 'base64'], { type: 'string' }), Type.Null()], {
    description: `How ${what} is written here: as text where it is valid UTF-8; null with a ${what} that is null`,
  });
const Payload = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

export const DeadLetterBody = Type.Object({
  ...entryProperties,
  key: Payload('Of the record, byte for byte'),
  keyEncoding: Encoding('key'),
  value: Payload('Of the record, byte for byte'),
  valueEncoding: Encoding('value'),
  audit: Type.Array(
    Type.Object({
      act: Type.Enum(['replay-begun', 'replay-sent', 'replay-resolved', 'replay-failed', 'discarded'], {
        type: 'string',
      }),
      at: Timestamp('When'),
      by: Type.String({ description: 'Who' }),
      detail: Type.String(),
    }),
    { description: 'What was done with it, oldest first' },
  ),
});

export type DeadLetterBody = Static<typeof DeadLetterBody>;

export const exampleEntry = {
  id: 17,
  orderId: EXAMPLE_ID,
  reason: 'retries-exhausted',
  error: 'The kitchen does not answer',
  attempts: 20,
  topic: 'orders.commands',
  partition: 3,
  offset: 1042,
  firstFailedAt: '2026-11-05T12:30:00.000Z',
  failedAt: '2026-11-05T12:45:00.000Z',
  replayCount: 0,
  state: 'open',
} as const;

export const exampleDeadLetter = {
  ...exampleEntry,
  key: EXAMPLE_ID,
  keyEncoding: 'utf8',
  value: '{"specversion":"1.0"}',
  valueEncoding: 'utf8',
  audit: [{ act: 'replay-begun', at: '2026-11-05T13:00:00.000Z', by: 'ada', detail: 'replay 1' }],
} as const;

export function entryBody(entry: DeadLetterEntry): EntryBody {
  const { id, orderId, reason, error, attempts, topic, partition, offset, replayCount, state } = entry;
  const times = { firstFailedAt: timestamp(entry.firstFailedAt), failedAt: timestamp(entry.failedAt) };
  return { id, orderId, reason, error, attempts, topic, partition, offset, ...times, replayCount, state };
}

export function deadLetterBody(letter: DeadLetterWithPayload, audit: AuditEntry[]): DeadLetterBody {
  const [key, keyEncoding] = asText(letter.key);
  const [value, valueEncoding] = asText(letter.value);
  return {
    ...entryBody(letter),
    ...{ key, keyEncoding, value, valueEncoding },
    audit: audit.map(({ act, at, by, detail }) => ({ act, at: timestamp(at), by, detail })),
  };
}

function asText(bytes: Uint8Array | null): [string | null, 'utf8' | 'base64' | null] {
  if (bytes === null) return [null, null];
  const encoding = isUtf8(bytes) ? 'utf8' : 'base64';
  return [Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding), encoding];
}
