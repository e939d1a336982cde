/** What the HTTP API answers, as far as the page uses it. Times are RFC 3339. */

export interface Order {
  id: string;
  status: string;
  version: number;
  reason?: string | null;
  customerId?: string;
  merchantId?: string;
  currency?: string;
  items?: { sku: string; name?: string; quantity: number; unitPrice: number }[];
  metadata?: Record<string, string>;
  total?: number;
  createdAt?: string;
  updatedAt?: string;
}

export interface Page<Row> {
  data: Row[];
  nextCursor: string | null;
}

export interface HistoryEntry {
  version: number;
  status: string;
  at: string;
  reason: string | null;
  attempts?: number | null;
  error?: Failure;
}

/** An error as the processor threw it. */
export interface Failure {
  class: string;
  message: string;
  cause?: Failure | null;
  stack?: string | null;
}

export interface Processing {
  orderId: string;
  state: 'unprocessed' | 'retrying' | 'failed' | 'processed';
  position: { topic: string; partition: number; offset: number } | null;
  recordsAhead: number | null;
  retry: Omit<RetryingOrder, 'orderId'> | null;
  deadLetters: { id: number; reason: string; state: string; failedAt: string; error: Failure | null }[];
}

export interface RetryingOrder {
  orderId: string;
  attempts: number;
  firstFailedAt: string;
  nextAttemptAt: string | null;
  queuedEvents: number;
  error: Failure | null;
}

export interface DeadLetterEntry {
  id: number;
  orderId: string | null;
  reason: string;
  error: string;
  attempts: number;
  topic: string;
  partition: number;
  offset: number;
  firstFailedAt: string;
  failedAt: string;
  replayCount: number;
  state: string;
  /** the dead letter whose failure made this one fail */
  causedBy?: number | null;
}

export interface DeadLetter extends DeadLetterEntry {
  cause?: Failure | null;
  key: string | null;
  keyEncoding: 'utf8' | 'base64' | null;
  value: string | null;
  valueEncoding: 'utf8' | 'base64' | null;
  headers?: Record<string, string | null>;
  audit: { act: string; at: string; by: string; detail: string }[];
}

export interface DeadLetterPage extends Page<DeadLetterEntry> {
  reasons: Record<string, number>;
}

export interface Partition {
  topic: string;
  partition: number;
  start: number | null;
  end: number | null;
  progress: number | null;
  lag: number | null;
  oldestUnprocessedAt: string | null;
  owner: { replica: string } | null;
}

export interface Replica {
  id: string;
  role: string;
  version: string;
  node: string;
  host: string;
  startedAt: string;
  seenAt: string;
  partitions: number[];
}

/** The answer to a replay or a discard. */
export interface BulkAnswer {
  matched: number;
  replayed: number;
  discarded?: number;
  skipped: number;
  nextAfterId?: number | null;
  refused?: { id: number; reason: string }[];
}

export interface Counts {
  accepted: number;
  confirmed: number;
  rejected: number;
  failed: number;
}

export interface Latency {
  count: number;
  p50: number | null;
  p99: number | null;
}

/** Of GET /v1/stats. */
export interface Dependencies {
  log: 'up' | 'down';
  store: 'up' | 'down';
}

export interface Stats {
  replica: string;
  role: string;
  version?: string;
  uptimeSeconds: number;
  dependencies?: Dependencies;
  totals: Counts;
  perSecond: Counts;
  latency: { accept: Latency; acceptToConfirmed: Latency };
  backlog: { records: number | null; oldestAgeMs: number | null };
  retries: { waiting: number | null };
  deadLetters: { open: number | null; reasons: Record<string, number> };
  watchers: number;
  seconds: (Counts & { endedAt: string })[];
}
