import { detailOf } from '../../base/error-detail.ts';
import type {
  Audit,
  AuditEntry,
  DeadLetterCount,
  DeadLetterEntry,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterStore,
  DeadLetterWithCause,
  DeadLetterWithPayload,
  Eligible,
  ListedDeadLetter,
  Selection,
} from '../dead-letter-store.ts';
import {
  causesStatement,
  countStatement,
  listStatement,
  reasonsStatement,
  type Dialect,
} from './dead-letter-queries.ts';
import { formatCursor } from './keyset.ts';
import { pageOf, type SizedRow } from './page.ts';
import { PAYLOAD_COLUMNS, toEntry } from './rows.ts';
import type { SqlClient } from './statement.ts';

/** A page of a selection ends with the payload that reaches this size. */
export const MAX_SELECTED_BYTES = 4 * 1024 * 1024;

const AUDIT = `
  SELECT at, act, by, detail FROM
    (SELECT * FROM dead_letter_audit WHERE letter_id = ? ORDER BY id DESC LIMIT 1000) AS latest ORDER BY id`;

/** The reads that both databases share. Subclasses add byte-limited pages and writes. */
export abstract class SqlDeadLetterStore implements DeadLetterStore {
  readonly #client: SqlClient;
  readonly #dialect: Dialect;

  constructor(client: SqlClient, dialect: Dialect) {
    this.#client = client;
    this.#dialect = dialect;
  }

  abstract select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]>;
  abstract replayBegun(ids: readonly number[], audit: Audit): Promise<number[]>;
  abstract replaySent(sent: readonly { id: number; replayCount: number }[], audit: Audit): Promise<void>;
  abstract replayRefused(refused: readonly { id: number; reason: string }[], audit: Audit): Promise<void>;
  abstract discard(ids: readonly number[], audit: Audit): Promise<number[]>;

  async list(query: DeadLetterQuery): Promise<DeadLetterPage> {
    // One extra row shows whether there is a next page.
    const statement = listStatement(this.#dialect, { ...query, limit: query.limit + 1 });
    const rows = await this.#client.page<DeadLetterEntry & SizedRow>(statement);
    const data = await this.#withCauses(
      pageOf(rows, query.limit).map(({ bytes: _, ...entry }) => toEntry(entry)),
    );
    const last = data.at(-1);
    const hasNext = rows.length > data.length && last !== undefined;
    return { data, nextCursor: hasNext ? formatCursor({ createdAt: last.failedAt, seq: last.id }) : null };
  }

  async reasons(filter: DeadLetterFilter): Promise<Record<string, number>> {
    const statement = reasonsStatement(this.#dialect, filter);
    const rows = await this.#client.query<{ reason: string; count: number }>(statement);
    return Object.fromEntries(
      rows.filter(({ count }) => count > 0).map(({ reason, count }) => [reason, count]),
    );
  }

  async find(id: number): Promise<DeadLetterWithCause | undefined> {
    const text = `SELECT ${PAYLOAD_COLUMNS}, error_detail AS "errorDetail" FROM dead_letters WHERE id = ?`;
    const rows = await this.#client.query<DeadLetterWithPayload & { errorDetail: string | null }>({
      name: 'find-dead-letter',
      text,
      values: [id],
    });
    const [found] = await this.#withCauses(rows.map(toEntry));
    if (found === undefined) return undefined;
    const { errorDetail, ...deadLetter } = found;
    return { ...deadLetter, cause: detailOf(deadLetter.error, errorDetail) };
  }

  async count(selection: Selection, eligible: Eligible): Promise<DeadLetterCount> {
    const statement = countStatement(this.#dialect, selection, eligible);
    const [count] = await this.#client.query<DeadLetterCount>(statement);
    return count ?? { matched: 0, eligible: 0 };
  }

  async newestId(): Promise<number> {
    const text = 'SELECT coalesce(max(id), 0) AS id FROM dead_letters';
    const [newest] = await this.#client.query<{ id: number }>({
      name: 'newest-dead-letter',
      text,
      values: [],
    });
    return newest?.id ?? 0;
  }

  audit(id: number): Promise<AuditEntry[]> {
    return this.#client.query({ name: 'audit', text: AUDIT, values: [id] });
  }

  async #withCauses<Entry extends DeadLetterEntry>(entries: Entry[]): Promise<(Entry & ListedDeadLetter)[]> {
    const orderIds = entries.flatMap(({ reason, orderId }) =>
      reason === 'predecessor-failed' && orderId !== null ? [orderId] : [],
    );
    const causes =
      orderIds.length === 0
        ? []
        : await this.#client.query<{ orderId: string; id: number }>(causesStatement(this.#dialect, orderIds));
    const ids = new Map(causes.map(({ orderId, id }) => [orderId, id]));
    return entries.map((entry) => ({
      ...entry,
      causedBy: entry.reason === 'predecessor-failed' ? (ids.get(entry.orderId ?? '') ?? null) : null,
    }));
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
