import type { Losses } from './losses.ts';
import type { Latencies } from './percentile.ts';
import type { Rival } from './rivals.ts';

/** One sample a round. */
export interface Samples {
  /** from the start of the process to its first 202; a sample a start */
  startMs: number[];
  ordersPerSecond: number[];
  serviceMicros: number[];
  brokerMicros: number[];
  databaseMicros: number[];
  rssBytes: number[];
  p50: number[];
  p99: number[];
  p999: number[];
}

export interface KillResult extends Losses {
  /** from the restart until the database had every acknowledged order; only of those that store */
  storedAfterMs?: number;
}

export interface OutageResult extends Losses {
  /** until an order that was not accepted was refused or given up; null: all were accepted */
  refusalMs: Latencies | null;
  /** after the broker answered again, until every order was accepted; null: not while we watched */
  recoveredAfterMs: number | null;
}

export interface RivalResult {
  id: string;
  title: string;
  kind: Rival['kind'];
  why: string;
  samples: Samples;
  kill?: KillResult;
  outage?: OutageResult;
  /** what could not be measured, and why */
  problems: string[];
}

export interface Conditions {
  rounds: number;
  connections: number;
  /** of the closed loop, a round */
  seconds: number;
  /** orders of a round until the database has them */
  storedOrders: number;
  /** orders a second of the open loop */
  rate: number;
  openLoopSeconds: number;
  outageSeconds: number;
}

export interface Results {
  machine: string;
  kafka: string;
  versions: Record<string, string>;
  conditions: Conditions;
  /** from the kill of the broker until its successor answered */
  outageMs: number;
  skipped: { title: string; reason: string }[];
  rivals: RivalResult[];
}

export function emptyResult({ id, title, kind, why }: Rival): RivalResult {
  const samples: Samples = {
    ...{ startMs: [], ordersPerSecond: [], serviceMicros: [], brokerMicros: [], databaseMicros: [] },
    ...{ rssBytes: [], p50: [], p99: [], p999: [] },
  };
  return { id, title, kind, why, samples, problems: [] };
}
