import type { Test } from 'tap';
import type { AlignmentStore } from '../../src/store/alignment-store.ts';
import type { ApiKeyReader, ApiKeyStore } from '../../src/store/api-key-store.ts';
import type { DeadLetterStore } from '../../src/store/dead-letter-store.ts';
import type { ReplicaStore } from '../../src/store/replica-store.ts';
import type { ErasureStore } from '../../src/store/erasure-store.ts';
import type { LineageStore } from '../../src/store/lineage-store.ts';
import type { BatchStore, OrderReader } from '../../src/store/order-store.ts';
import type { RetentionStore } from '../../src/store/retention-store.ts';

/** A fresh, migrated, empty store. What it opened is closed at the end of the test that asked for it. */
export interface StoreUnderTest {
  reader: OrderReader;
  /** one more writer to the same orders */
  writer: () => Promise<BatchStore>;
  deadLetterStore: () => Promise<DeadLetterStore>;
  lineageStore: () => Promise<LineageStore>;
  erasureStore: () => Promise<ErasureStore>;
  retentionStore: () => Promise<RetentionStore>;
  alignmentStore: () => Promise<AlignmentStore>;
  apiKeyStore: () => Promise<ApiKeyStore>;
  apiKeyReader: () => Promise<ApiKeyReader>;
  replicaStore: () => Promise<ReplicaStore>;
  /** Runs a statement that an earlier version of the service may run; both kinds of store must accept its SQL. */
  runSql: (sql: string) => Promise<void>;
  /** what a SELECT returns; both kinds of store must accept its SQL */
  rows: (sql: string) => Promise<Record<string, unknown>[]>;
  /** every column of every table of the service, as `table.column` */
  columns: () => Promise<string[]>;
  /** the rows of `dead_letters`, by topic, partition and offset */
  deadLetters: () => Promise<DeadLetterRow[]>;
}

export interface DeadLetterRow {
  topic: string;
  partition: number;
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  log_timestamp: number;
  order_id: string | null;
  reason: string;
  error: string;
  attempts: number;
  first_failed_at: number;
  failed_at: number;
  replay_count: number;
  state: string;
}

export type MakeStore = (t: Test) => Promise<StoreUnderTest>;
