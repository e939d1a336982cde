import type { BenchmarkName } from './benchmark-command.ts';

/** A benchmark of the suite, with its sizes. */
export interface SuitePart {
  name: BenchmarkName;
  heading: string;
  /** Markdown */
  text: string;
  args: readonly string[];
  /** about how long it takes on two cores */
  seconds: number;
}

export type SuiteSize = 'tiny' | 'normal' | 'full';

/** In the order of `docs/benchmarks.md`. */
export function suiteParts(size: SuiteSize): SuitePart[] {
  const sized = (tiny: string, normal: string, full = normal): string[] =>
    ({ tiny, normal, full })[size].split(' ');
  return [
    {
      name: 'accept',
      heading: 'Accepting an order on Kafka',
      text: 'An `api` process answers `202` when Kafka has the order on disk. A bare Fastify route only validates it.',
      args: sized('--rounds 1 --orders 200', '--rounds 5 --orders 8000'),
      seconds: 110,
    },
    {
      name: 'stored',
      heading: 'From POST to stored',
      text: 'One process with `--role all`, from the first request until the last order is in the store.',
      args: sized('--rounds 1 --orders 200', '--rounds 5 --orders 6000'),
      seconds: 100,
    },
    {
      name: 'drain',
      heading: 'Draining into SQLite',
      text:
        'A backlog in the embedded log, against better-sqlite3 writing the same rows from memory. A short backlog looks worse: ' +
        'compiling the hot code takes about a second of CPU, however many orders follow.',
      args: sized('--rounds 1 --orders 200', '--rounds 3 --orders 200000 --threads 2'),
      seconds: 40,
    },
    {
      name: 'drain-postgres',
      heading: 'Draining into PostgreSQL',
      text: 'The same backlog, against `pg` alone writing the same rows by `unnest`.',
      args: sized('--rounds 1 --orders 200', '--rounds 3 --orders 100000 --threads 1'),
      seconds: 50,
    },
    {
      name: 'slow-calls',
      heading: 'Slow processor calls',
      text: 'One call in a hundred takes a second; the others take a millisecond.',
      args: sized('--rounds 1 --orders 200 --backlog 200', '--rounds 3 --orders 1000 --backlog 3000'),
      seconds: 60,
    },
    {
      name: 'watchers',
      heading: 'Watchers',
      text: 'gRPC streams of one order each, while every order changes once.',
      args: sized('--rounds 1 --orders 50 --watchers 1,10', '--rounds 3 --orders 1000'),
      seconds: 70,
    },
    {
      name: 'stored-orders',
      heading: 'A growing store',
      text: 'Reads of random orders, lists and writes; `--full` grows the store to 5,000,000 orders.',
      args: sized(
        '--rounds 1 --few 500 --many 1000,2000 --reads 10',
        '--rounds 5 --many 100000,1000000',
        '--rounds 5 --many 100000,1000000,5000000',
      ),
      seconds: size === 'full' ? 240 : 60,
    },
    {
      name: 'connections',
      heading: 'Connections',
      text: 'A hundred of the open connections are busy. A bare Fastify route has as many.',
      args: sized('--rounds 1 --orders 200 --connections 10,20', '--rounds 3 --orders 10000'),
      seconds: 60,
    },
    {
      name: 'start',
      heading: 'Start',
      text: 'From starting the process until it has accepted an order.',
      args: sized('--rounds 1', '--rounds 7'),
      seconds: 20,
    },
  ];
}
