import { isUtf8 } from 'node:buffer';
import { Type, type Static } from 'typebox';
import { Identifier } from '../../order/order.ts';
import { DEAD_LETTER_REASONS, DEAD_LETTER_STATES, LIST_STATES } from '../../store/dead-letter.ts';
import type {
  AuditEntry,
  DeadLetterFilter,
  DeadLetterWithCause,
  ListedDeadLetter,
} from '../../store/dead-letter-store.ts';
import { ErrorDetailBody } from './error-detail.ts';
import { EXAMPLE_ID, timestamp, Timestamp } from './order.ts';
import { timeOf } from './query.ts';

const Reason = Type.Enum([...DEAD_LETTER_REASONS], {
  type: 'string',
  description: 'Why the record failed for good',
});
const State = Type.Enum([...DEAD_LETTER_STATES], {
  type: 'string',
  description:
    '`open`: needs a decision · `replaying`: sent again, not processed yet · `resolved`: a replay succeeded · ' +
    '`discarded`: closed without a replay · `exhausted`: replayed too often without success, replays skip it',
});

/** The filters of a list, as query parameters; and of a bulk request, in its body. */
export const filterProperties = {
  reason: Type.Optional(Reason),
  orderId: Type.Optional(Identifier('The id of the order')),
  state: Type.Optional(State),
  failedAfter: Type.Optional(Timestamp('Last failure after this time; encode a + in a query as %2B')),
  failedBefore: Type.Optional(Timestamp('Last failure before this time; encode a + in a query as %2B')),
};

export const FilterBody = Type.Object(filterProperties, {
  additionalProperties: false,
  description: 'All dead letters that match; `open` ones unless it names a state',
});

/** The filters of a list: without a state it shows what needs a decision. */
export const listFilterProperties = {
  ...filterProperties,
  state: Type.Optional(
    Type.Enum([...LIST_STATES], {
      type: 'string',
      default: 'unresolved',
      description:
        '`unresolved`: open, replaying or exhausted, which is the default · `all`: every state · or one state',
    }),
  ),
};

/** @throws as `filterOf` */
export function listFilterOf({
  state = 'unresolved',
  ...filter
}: Static<ReturnType<typeof Type.Object<typeof listFilterProperties>>>): DeadLetterFilter {
  const others = filterOf(filter, '');
  if (state === 'unresolved') return { ...others, unresolved: true };
  return state === 'all' ? others : { ...others, state };
}

/**
 * @param pointer JSON pointer to the filter in the request
 * @throws ServiceError `validation-failed` for a malformed time
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
  orderId: Type.Union([Type.String(), Type.Null()], { description: 'null if the record names no order' }),
  reason: Reason,
  error: Type.String({ description: 'The last failure in one line, with the messages of its causes' }),
  attempts: Type.Integer({
    minimum: 0,
    description: 'Attempts, replays included; 0 if it only queued behind a failing event',
  }),
  topic: Type.String(),
  partition: Type.Integer({ minimum: 0 }),
  offset: Type.Integer({ minimum: 0, description: 'Of the record that failed last' }),
  firstFailedAt: Timestamp('First failure'),
  failedAt: Timestamp('Last failure'),
  replayCount: Type.Integer({ minimum: 0, description: 'Replays that failed' }),
  state: State,
  causedBy: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description:
      'Id of the dead letter of the same order that this record was queued behind; null if it failed by itself',
  }),
};

export const EntryBody = Type.Object(entryProperties);
export type EntryBody = Static<typeof EntryBody>;

const Encoding = (what: string) =>
  Type.Union([Type.Enum(['utf8', 'base64'], { type: 'string' }), Type.Null()], {
    description: `Encoding of \`${what}\`: utf8 if it is valid UTF-8, otherwise base64; null if it is null`,
  });

const Payload = (what: string) =>
  Type.Union([Type.String(), Type.Null()], { description: `The ${what} of the record, byte for byte` });

export const DeadLetterBody = Type.Object({
  ...entryProperties,
  cause: ErrorDetailBody,
  key: Payload('key'),
  keyEncoding: Encoding('key'),
  value: Payload('value'),
  valueEncoding: Encoding('value'),
  audit: Type.Array(
    Type.Object({
      act: Type.Enum(
        ['replay-begun', 'replay-sent', 'replay-refused', 'replay-resolved', 'replay-failed', 'discarded'],
        { type: 'string' },
      ),
      at: Timestamp('When it happened'),
      by: Type.String({ description: 'Who did it' }),
      detail: Type.String(),
    }),
    { description: 'Actions on this dead letter, oldest first' },
  ),
});

export type DeadLetterBody = Static<typeof DeadLetterBody>;

export const exampleEntry = {
  id: 17,
  orderId: EXAMPLE_ID,
  reason: 'retries-exhausted',
  error: 'The kitchen does not answer.',
  attempts: 20,
  topic: 'orders.commands',
  partition: 3,
  offset: 1042,
  firstFailedAt: '2026-11-05T12:30:00.000Z',
  failedAt: '2026-11-05T12:45:00.000Z',
  replayCount: 0,
  state: 'open',
  causedBy: null,
} as const;

export const exampleDeadLetter = {
  ...exampleEntry,
  cause: { class: 'Error', message: 'The kitchen does not answer.', stack: null, cause: null },
  key: EXAMPLE_ID,
  keyEncoding: 'utf8',
  value: '{"specversion":"1.0"}',
  valueEncoding: 'utf8',
  audit: [{ act: 'replay-begun', at: '2026-11-05T13:00:00.000Z', by: 'ada', detail: 'replay 1' }],
} as const;

export function entryBody(entry: ListedDeadLetter): EntryBody {
  const { id, orderId, reason, error, attempts, topic, partition, offset, replayCount, state, causedBy } =
    entry;
  const times = { firstFailedAt: timestamp(entry.firstFailedAt), failedAt: timestamp(entry.failedAt) };
  return {
    id,
    orderId,
    reason,
    error,
    attempts,
    topic,
    partition,
    offset,
    ...times,
    replayCount,
    state,
    causedBy,
  };
}

export function deadLetterBody(deadLetter: DeadLetterWithCause, audit: AuditEntry[]): DeadLetterBody {
  const [key, keyEncoding] = asText(deadLetter.key);
  const [value, valueEncoding] = asText(deadLetter.value);
  return {
    ...entryBody(deadLetter),
    cause: deadLetter.cause,
    ...{ key, keyEncoding, value, valueEncoding },
    audit: audit.map(({ act, at, by, detail }) => ({ act, at: timestamp(at), by, detail })),
  };
}

function asText(bytes: Uint8Array | null): [string | null, 'utf8' | 'base64' | null] {
  if (bytes === null) return [null, null];
  const encoding = isUtf8(bytes) ? 'utf8' : 'base64';
  return [Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding), encoding];
}
