import { Command } from 'commander';
import { integerFrom } from '../../tools/support/number-option.ts';

/** name → what it measures, in one line of `--help` */
export const BENCHMARKS = {
  accept: 'CPU time of an accepted order, against a bare Fastify route',
  authentication: 'CPU time of an accepted order with a token, against none',
  tracing: 'CPU time of an accepted order with traces, against none',
  processes: 'Several processes of the role api on one port, against one',
  drain: 'Draining a backlog into SQLite, against better-sqlite3 alone',
  'drain-postgres': 'Draining a backlog into PostgreSQL, against pg alone',
  'two-workers': 'Two workers against one, with PostgreSQL 1 ms away',
  failures: 'What failing orders cost the healthy ones',
  'slow-calls': 'What slow processor calls cost the other orders',
  stored: 'From POST to stored, single orders and batches',
  connections: 'Orders over 100 to 10,000 connections',
  start: 'From starting the process to its first 202',
  'stored-orders': 'Reads and writes as the store grows',
  retention: 'Accepting orders while a million old ones are deleted',
  watchers: 'CPU time and memory with 1, 100 and 10,000 gRPC watchers',
  latency: 'Time until a watcher gets an order, against Kafka alone',
  backlog: 'Memory with a long backlog and with many open connections',
} as const;

export type BenchmarkName = keyof typeof BENCHMARKS;

/** The command line of a benchmark; the caller adds its options. `--help` and wrong usage end the process. */
export function benchmarkCommand(name: BenchmarkName): Command {
  return new Command(`npm run bench -- ${name}`).description(BENCHMARKS[name]);
}

/** Parses an option's value. */
export const count = integerFrom(1, Number.MAX_SAFE_INTEGER);

/** Parses an option's value: numbers separated by commas. */
export const counts = (text: string): number[] => text.split(',').map(count);
