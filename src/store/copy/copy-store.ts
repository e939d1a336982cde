import { createHash } from 'node:crypto';
import { ServiceError } from '../../base/errors.ts';
import {
  COPIED_TABLES,
  keyOf,
  NUMBERED_TABLES,
  type CopiedKey,
  type CopiedRow,
  type CopiedTable,
  type NumberedTable,
} from './copied-tables.ts';
import type { CopyEnd, CopySource, CopyTarget, PageLimit } from './copy-ends.ts';

/** The driver sends a column of a page as one text with two characters per byte; the byte limit keeps it small. */
const PAGE: PageLimit = { rows: 2_000, bytes: 4 * 1024 * 1024 };

export interface CopiedCount {
  table: string;
  rows: number;
  /** SHA-256 of all rows in key order, the same for both stores */
  checksum: string;
}

/** `rows` of `total` in all tables are done */
export type CopyProgress = (step: 'copy' | 'verify', rows: number, total: number) => void;

/**
 * Copies a whole store, then compares both. An interrupted copy continues after the last copied row; a finished one is only
 * compared.
 * @throws ServiceError `copy-differs` when the rows of the target differ from those of the source
 * @throws ServiceError `store-unavailable`
 */
export async function copyStore(
  source: CopySource,
  target: CopyTarget,
  onProgress: CopyProgress,
): Promise<CopiedCount[]> {
  const counts = new Map<CopiedTable, number>();
  for (const table of COPIED_TABLES) counts.set(table, await source.count(table));
  const total = [...counts.values()].reduce((sum, rows) => sum + rows, 0);

  let rowsDone = 0;
  for (const table of COPIED_TABLES) {
    const lastKey = await target.lastKey(table);
    // Both have the same rows up to this key. Count them in the source: it has no statement timeout.
    if (lastKey !== undefined) rowsDone += await source.count(table, lastKey);
    onProgress('copy', rowsDone, total);
    for await (const page of pagesOf(source, table, lastKey)) {
      await target.write(table, page);
      rowsDone += page.length;
      onProgress('copy', rowsDone, total);
    }
  }
  await target.continueNumbers(await lastNumbers(source));

  const copied: CopiedCount[] = [];
  let rowsVerified = 0;
  for (const table of COPIED_TABLES) {
    const onPage = (rows: number) => onProgress('verify', (rowsVerified += rows), total);
    copied.push(await compare(table, { source, target, onPage }));
  }
  return copied;
}

/** Reads the source, because the target has no index on the number of an order. */
async function lastNumbers(source: CopySource): Promise<Map<NumberedTable, number>> {
  const numbers = new Map<NumberedTable, number>();
  for (const table of NUMBERED_TABLES) numbers.set(table, await source.lastNumber(table));
  return numbers;
}

/** Reads both sides at the same time. */
async function compare(
  table: CopiedTable,
  { source, target, onPage }: { source: CopyEnd; target: CopyEnd; onPage: (rows: number) => void },
): Promise<CopiedCount> {
  const [expected, copied] = await Promise.all([
    sumOf(source, table, onPage),
    sumOf(target, table, () => undefined),
  ]);
  if (expected.rows !== copied.rows || expected.checksum !== copied.checksum) {
    throw new ServiceError(
      'copy-differs',
      `Table ${table.name} has ${expected.rows} rows with checksum ${expected.checksum.slice(0, 12)} in the source and ` +
        `${copied.rows} rows with ${copied.checksum.slice(0, 12)} in the target. Stop every service that uses either of ` +
        'them, and copy again into an empty database.',
    );
  }
  return { table: table.name, ...expected };
}

async function sumOf(
  end: CopyEnd,
  table: CopiedTable,
  onPage: (rows: number) => void,
): Promise<{ rows: number; checksum: string }> {
  const hash = createHash('sha256');
  let rows = 0;
  for await (const page of pagesOf(end, table, undefined)) {
    for (const row of page) hash.update(rowText(row));
    rows += page.length;
    onPage(page.length);
  }
  return { rows, checksum: hash.digest('hex') };
}

/** JSON, because it separates the values and distinguishes null from an empty text. */
function rowText(row: CopiedRow): string {
  return JSON.stringify(
    row.map((value) => (Buffer.isBuffer(value) ? { bytes: value.toString('base64') } : value)),
  );
}

async function* pagesOf(
  end: CopyEnd,
  table: CopiedTable,
  after: CopiedKey | undefined,
): AsyncIterable<CopiedRow[]> {
  let key = after;
  for (;;) {
    const page = await end.read(table, key, PAGE);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    key = keyOf(table, last);
  }
}
