import { recordBytes, writeRecord, type EncodedRecord, type RecordContent } from '../../base/record-bytes.ts';
import { isOfCustomer, orderIdOf, withoutPersonalData, type Erasure } from '../../order/personal-data.ts';
import type { ChunkTable } from './chunk-table.ts';
import { recordsOf, type Chunk } from './frames.ts';
import type { RedactedRecords, Redaction } from './protocol.ts';
import type { Partition } from './topic-table.ts';

/** A call ends with the chunk that reaches a limit, so that appends wait for a few milliseconds only. */
const MAX_RECORDS = 2_000;
const MAX_BYTES = 1_048_576;

/** Quotes what the processor said about the order. */
const ERROR_HEADER = '__dlq.errors.message';

/**
 * Removes the personal data of a customer from stored records. A record keeps its offset, its key (the order id) and its time, and an
 * event of this service stays one.
 * @param range offsets, the last one excluded
 * @throws ServiceError `log-unavailable` if a chunk is corrupt
 */
export function redactRecords(
  chunks: ChunkTable,
  partition: Partition,
  range: { from: number; to: number },
  { erasure, orderIds }: Redaction,
): RedactedRecords {
  const known = new Set(orderIds);
  const placed = new Set<string>();
  let [next, redacted, records, bytes] = [range.from, 0, 0, 0];
  while (next < range.to && records < MAX_RECORDS && bytes < MAX_BYTES) {
    const chunk = chunks.at(partition, next);
    if (chunk === undefined) {
      next = range.to;
      break;
    }
    const changed = redactChunk(chunk, range.to, erasure, { known, placed });
    if (changed.redacted > 0) chunks.replaceBody(partition, chunk, changed.body);
    redacted += changed.redacted;
    records += chunk.count;
    bytes += chunk.body.length;
    next = chunk.firstOffset + chunk.count;
  }
  return {
    next: Math.min(next, range.to),
    redacted,
    orderIds: [...placed],
  };
}

/** Orders of the customer. A customer may have many, and writers wait for each call. */
interface OwnOrders {
  known: ReadonlySet<string>;
  /** found in the records of this call */
  placed: Set<string>;
}

function redactChunk(
  { firstOffset, body }: Chunk,
  to: number,
  erasure: Erasure,
  own: OwnOrders,
): { body: Buffer; redacted: number } {
  const parts: Buffer[] = [];
  let redacted = 0;
  let offset = firstOffset;
  for (const record of recordsOf(body)) {
    const changed = offset < to ? redactRecord(record, erasure, own) : undefined;
    offset += 1;
    if (changed === undefined) {
      parts.push(body.subarray(record.start, record.end));
      continue;
    }
    const bytes = Buffer.alloc(recordBytes(changed));
    writeRecord(bytes, 0, changed);
    parts.push(bytes);
    redacted += 1;
  }
  return { body: redacted === 0 ? body : Buffer.concat(parts), redacted };
}

/** Undefined if there is nothing to remove. Later records of an order come after the one that placed it, so its id is known by then. */
function redactRecord(
  record: EncodedRecord,
  erasure: Erasure,
  { known, placed }: OwnOrders,
): RecordContent | undefined {
  const { key, value, keyText } = record;
  if (value === null) return undefined;
  const isOwn = isOfCustomer(value, erasure.customerId);
  if (!isOwn && (keyText === null || !(known.has(keyText) || placed.has(keyText)))) return undefined;
  const orderId = isOwn ? orderIdOf(value) : undefined;
  if (orderId !== undefined && !known.has(orderId)) placed.add(orderId);
  const kept = withoutPersonalData(value, erasure);
  const { headers } = record;
  const hasError = headers?.[ERROR_HEADER] !== undefined && headers[ERROR_HEADER] !== 'erased';
  if (!hasError && kept !== null && kept.equals(value)) return undefined;
  return { key, value: kept, headers: hasError ? { ...headers, [ERROR_HEADER]: 'erased' } : headers };
}
