import { isDeepStrictEqual } from 'node:util';
import { hasCode, type ServiceError } from '../../src/base/errors.ts';
import { formatPosition, parsePosition } from '../../src/base/position.ts';
import { decodeRecordFrame } from '../../src/base/record-frame.ts';
import { traceparentOf } from '../../src/base/trace-context.ts';
import { parseDatabaseUrl } from '../../src/config/database-target.ts';
import { readSettings } from '../../src/config/read-settings.ts';
import { SETTING_NAMES } from '../../src/config/settings.ts';
import { createOrderRequests } from '../../src/grpc/order-requests.ts';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import { preferredWait } from '../../src/http/schemas/prefer.ts';
import { collectRecords, decodeBatch, readAppends, singleRecord } from '../../src/log/embedded/frames.ts';
import { peekCause, peekOutcome, peekStatusChange } from '../../src/order/event-text.ts';
import { createEventCodec } from '../../src/order/events.ts';
import {
  orderToken,
  parseOrderToken,
  parsePositionsToken,
  pointText,
  tokenOfView,
} from '../../src/status/resume-token.ts';
import { VIEW_LENGTH } from '../../src/order/view.ts';
import { formatListCursor, parseListCursor } from '../../src/store/sql/list-cursor.ts';
import { batchParser, bodyParser } from './body-targets.ts';

/** Returns if the bytes are handled: read, or refused with an error that the parser documents. Throws if there is a defect. */
export type Run = (bytes: Buffer) => void | Promise<void>;

export interface Target {
  /** the largest input in bytes */
  maxBytes: number;
  prepare: () => Run | Promise<Run>;
}

/** The parsers of bytes that others may have written. */
export const TARGETS: Readonly<Record<string, Target>> = {
  body: { maxBytes: 65_536, prepare: bodyParser },
  batch: { maxBytes: 262_144, prepare: batchParser },
  event: { maxBytes: 65_536, prepare: eventCodec },
  'record-frame': { maxBytes: 4_096, prepare: () => readFrame },
  'log-frame': { maxBytes: 4_096, prepare: () => readLogFrames },
  'resume-token': { maxBytes: 65_536, prepare: () => resumeTokens },
  cursor: {
    maxBytes: 16_384,
    prepare: () => roundTrip('cursor-invalid', parseListCursor, formatListCursor, (text) => text),
  },
  position: {
    maxBytes: 16_384,
    prepare: () => roundTrip('position-invalid', parsePosition, formatPosition, withoutLeadingZeros),
  },
  prefer: { maxBytes: 16_384, prepare: () => prefer },
  traceparent: { maxBytes: 16_384, prepare: () => traceparent },
  settings: { maxBytes: 4_096, prepare: () => settings },
  grpc: { maxBytes: 65_536, prepare: grpcRequests },
};

function eventCodec(): Run {
  const codec = createEventCodec();
  return (bytes) => {
    peekStatusChange(bytes);
    peekCause(bytes);
    peekOutcome(bytes);
    const command = unlessRefused('record-undecodable', () => codec.decodeCommand(bytes));
    if (command !== undefined) same(codec.decodeCommand(codec.encodeCommand(command)), command);
    const change = unlessRefused('record-undecodable', () => codec.decodeStatusChange(bytes));
    if (change === undefined) return;
    same(codec.decodeStatusChange(Buffer.from(codec.encodeStatusChange(change))), change);
  };
}

function readFrame(bytes: Buffer): void {
  unlessRefused('record-undecodable', () => decodeRecordFrame(new Uint8Array(bytes).buffer));
}

function readLogFrames(bytes: Buffer): void {
  const chunk = { partition: 0, firstOffset: 0, count: 1, timestamp: 0, body: bytes };
  unlessRefused('log-unavailable', () => collectRecords(chunk, 0, []));
  unlessRefused('log-unavailable', () => singleRecord(chunk, 1));
  unlessRefused('record-undecodable', () => readAppends(bytes, () => undefined));
  unlessRefused('log-unavailable', () => collectBatch(bytes));
}

/** The log thread frames what it has checked: other bytes may end in the error of Node's Buffer, never in a loop. */
function collectBatch(bytes: Buffer): void {
  try {
    for (const chunk of decodeBatch(bytes)) collectRecords(chunk, 0, []);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

function resumeTokens(bytes: Buffer): void {
  const token = bytes.toString();
  const order = unlessRefused('resume-token-invalid', () => parseOrderToken(token));
  if (order?.at !== undefined) {
    const again = parseOrderToken(orderToken(order));
    if (order.version > 0) same(again, order);
  }
  const point = unlessRefused('resume-token-invalid', () => parsePositionsToken(token));
  if (point === undefined) return;
  const view = point.view ?? '0'.repeat(VIEW_LENGTH);
  same(parsePositionsToken(tokenOfView(view, pointText(point))), { ...point, view });
}

function roundTrip<T>(
  code: 'cursor-invalid' | 'position-invalid',
  parse: (text: string) => T,
  format: (value: T) => string,
  canonical: (text: string) => string,
): Run {
  return (bytes) => {
    const text = bytes.toString();
    const value = unlessRefused(code, () => ({ value: parse(text) }));
    if (value !== undefined) same(format(value.value), canonical(text));
  };
}

function withoutLeadingZeros(text: string): string {
  return text.replace(/\b0+(?=\d)/g, '');
}

function prefer(bytes: Buffer): void {
  const seconds = preferredWait(bytes.toString('latin1')) ?? 0;
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 30)
    throw new Error(`It waits for ${seconds} s.`);
}

function traceparent(bytes: Buffer): void {
  const accepted = traceparentOf(bytes.toString('latin1'));
  if (accepted !== undefined && accepted.length !== 55) throw new Error('It accepts another length.');
}

function settings(bytes: Buffer): void {
  const text = bytes.toString();
  readSettings(Object.fromEntries(SETTING_NAMES.map((name) => [name, text])), {});
  parseDatabaseUrl(text);
}

async function grpcRequests(): Promise<Run> {
  const { orders } = await loadOrdersApi();
  const requests = createOrderRequests();
  return (bytes) => {
    decoded(orders.CreateOrder, bytes, (request) => requests.newOrder(request));
    decoded(orders.TransitionOrder, bytes, (request) => requests.newTransition(request));
    decoded(orders.ListOrders, bytes, (request) => requests.listQuery(request));
  };
}

/** Bytes that are not a message are refused by `DecodingServer`, whatever protobufjs throws. */
function decoded<T>(
  method: { requestDeserialize: (bytes: Buffer) => T },
  bytes: Buffer,
  read: (request: T) => unknown,
): void {
  let request: T;
  try {
    request = method.requestDeserialize(bytes);
  } catch {
    return;
  }
  unlessRefused('validation-failed', () => read(request));
}

function unlessRefused<T>(code: ServiceError['code'], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, code)) return undefined;
    throw error;
  }
}

function same(found: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(found, wanted)) return;
  throw new Error(`It reads ${JSON.stringify(found)} where it wrote ${JSON.stringify(wanted)}.`);
}
