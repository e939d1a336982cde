import { Command, InvalidArgumentError, Option } from 'commander';
import { numberFrom } from '../../tools/support/number-option.ts';
import { MIXES, type Mix } from './order-mix.ts';
import {
  FAULT_KINDS,
  LOG_KINDS,
  STORE_KINDS,
  type FaultKind,
  type LogKind,
  type StoreKind,
} from './fault-kinds.ts';

export interface DrillOptions {
  seed: number;
  minutes: number;
  log: LogKind;
  store: StoreKind;
  /** orders a second */
  rate: number;
  mix: Mix;
  faults: FaultKind[];
  /** how long processing may take after the last fault */
  settleSeconds: number;
  /** file for the JSON report */
  report?: string;
}

const MAX_SEED = 0x7fff_ffff;

/** Settling needs some seconds in which nothing changes. */
const MIN_SETTLE_SECONDS = 5;

/** @throws CommanderError for wrong usage, and after --help */
export function readOptions(args: readonly string[]): DrillOptions {
  const command = new Command('npm run drill --')
    .description(
      'Runs the service under load while processes are killed and frozen, the broker dies, the store is locked, disks ' +
        'fail, clocks jump, topics grow and older copies are restored; then reads everything back and checks that no ' +
        'acknowledged order was lost.',
    )
    .option(
      '--seed <n>',
      'decides the faults and the orders; the same seed repeats the drill (default: random)',
      numberFrom(0, MAX_SEED),
    )
    .option('--minutes <m>', 'how long to run the load and the faults', numberFrom(0.1, 1_440), 5)
    .addOption(
      new Option('--log <kind>', 'embedded: one process; kafka: a broker, two api and two worker processes')
        .choices(LOG_KINDS)
        .default('embedded'),
    )
    .addOption(
      new Option('--store <kind>', 'sqlite: one file; postgres: a server for this drill alone')
        .choices(STORE_KINDS)
        .default('sqlite'),
    )
    .option('--rate <n>', 'orders a second', numberFrom(1, 10_000), 150)
    .addOption(
      new Option(
        '--mix <mix>',
        'all: healthy, rejected, failing, retried and slow orders; healthy: healthy ones only',
      )
        .choices(MIXES)
        .default('all'),
    )
    .addOption(
      new Option('--faults <kinds>', `comma-separated: ${FAULT_KINDS.join(', ')}; or none`)
        .argParser(faultKinds)
        .default([...FAULT_KINDS], 'all'),
    )
    .option(
      '--settle <s>',
      'seconds that processing may take after the last fault; exhausting the retries of an order takes 10 of them',
      numberFrom(MIN_SETTLE_SECONDS, 3_600),
      120,
    )
    .option('--report <file>', 'also write the report to this file, as JSON')
    .exitOverride()
    .showHelpAfterError('Run npm run drill -- --help to see the options.')
    .addHelpText('after', DETAILS);
  command.parse(args, { from: 'user' });
  const { settle: settleSeconds, ...given } = command.opts<
    Omit<DrillOptions, 'seed' | 'settleSeconds'> & { seed?: number; settle: number }
  >();
  return { ...given, seed: given.seed ?? Math.floor(Math.random() * MAX_SEED), settleSeconds };
}

const DETAILS = `
Verdict, each kind with up to ten examples:
  lost          acknowledged with 202 and missing; stored and not published, or not told to a watcher
  duplicated    stored, done or told more than once
  out of order  versions, times or transitions not in the order of the requests, or no possible lifecycle
  stuck         still accepted or retrying although no fault is left, or processing took longer than --settle; held up
                by the slow calls of other orders
  unexpected    present, or in a state, for no known reason; also a process that exited by itself

Exit codes:
  0    no findings
  1    findings, or the drill could not be completed
  2    wrong usage
  130  interrupted; nothing is left behind

Examples:
  npm run drill -- --seed 1 --minutes 5
  npm run drill -- --seed 7 --minutes 0.5 --log kafka --faults kill,zombie --report drill.json
  npm run drill -- --seed 1 --log kafka --store postgres

Full disks need a private mount: root, or user namespaces (Linux). Clock steps need libfaketime, failing syncs a C
compiler. Kafka needs Java, and Maven for the first start. The
services listen on 127.0.0.1 and keep their data in a temporary folder.
`;

function faultKinds(text: string): FaultKind[] {
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((known) => known === name.trim());
    if (kind === undefined) throw new InvalidArgumentError(`Choose from ${FAULT_KINDS.join(', ')}, or none.`);
    return kind;
  });
}
