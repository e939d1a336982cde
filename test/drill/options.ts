import { Command, InvalidArgumentError, Option } from 'commander';
import { MIXES, type Mix } from './order-mix.ts';
import { FAULT_KINDS, LOG_KINDS, STORE_KINDS, type FaultKind, type LogKind, type StoreKind } from './plan.ts';

export interface DrillOptions {
  seed: number;
  minutes: number;
  log: LogKind;
  store: StoreKind;
  /** orders a second */
  rate: number;
  mix: Mix;
  faults: FaultKind[];
  /** for everything acknowledged to be processed after the last fault */
  settleSeconds: number;
  /** file of the JSON report */
  report: string | undefined;
}

const MAX_SEED = 0x7fff_ffff;

/** That nothing moves any more is seen only after some seconds in which nothing did. */
const MIN_SETTLE_SECONDS = 5;

/** @throws CommanderError for wrong usage, and after --help */
export function readOptions(args: readonly string[]): DrillOptions {
  const command = new Command('npm run drill --')
    .description(
      'Places orders under load while processes are killed and held still, the broker dies, the store is locked and ' +
        'disks are full; then reads everything back and tells what was acknowledged and is not there.',
    )
    .option(
      '--seed <n>',
      'of the faults and of the orders; the same seed gives the same drill',
      number(0, MAX_SEED),
    )
    .addOption(
      new Option('--minutes <m>', 'how long orders and faults go on')
        .argParser(number(0.1, 1_440))
        .default(5),
    )
    .addOption(
      new Option('--log <kind>', 'embedded: one process; kafka: a Kafka, two api and two worker processes')
        .choices(LOG_KINDS)
        .default('embedded'),
    )
    .addOption(
      new Option(
        '--store <kind>',
        "sqlite: one file for all; postgres: a PostgreSQL server of the drill's own",
      )
        .choices(STORE_KINDS)
        .default('sqlite'),
    )
    .addOption(new Option('--rate <n>', 'orders a second').argParser(number(1, 10_000)).default(150))
    .addOption(
      new Option(
        '--mix <mix>',
        'all: also rejected, failing, recovering and slow orders; healthy: none of them',
      )
        .choices(MIXES)
        .default('all'),
    )
    .addOption(
      new Option('--faults <kinds>', `a comma-separated choice of ${FAULT_KINDS.join(', ')}, or none`)
        .argParser(faultKinds)
        .default([...FAULT_KINDS], 'all'),
    )
    .addOption(
      new Option(
        '--settle <s>',
        'seconds that the processing may take after the last fault; an order that never succeeds takes 10 of them',
      )
        .argParser(number(MIN_SETTLE_SECONDS, 3_600))
        .default(120),
    )
    .option('--report <file>', 'write the report as JSON too')
    .exitOverride()
    .showHelpAfterError('Run npm run drill -- --help to see the options.')
    .addHelpText('after', DETAILS);
  command.parse(args, { from: 'user' });
  const given = command.opts<Partial<DrillOptions> & { settle: number }>();
  return {
    seed: given.seed ?? Math.floor(Math.random() * MAX_SEED),
    minutes: given.minutes ?? 5,
    log: given.log ?? 'embedded',
    store: given.store ?? 'sqlite',
    rate: given.rate ?? 150,
    mix: given.mix ?? 'all',
    faults: given.faults ?? [],
    settleSeconds: given.settle,
    report: given.report,
  };
}

const DETAILS = `
Verdict, each with up to ten examples:
  lost          acknowledged with 202 and not there; also what happened and was not published (Kafka)
  twice         there, or done, more than once
  out of order  versions, times, lives or transitions not in the order of the requests
  stuck         still accepted, or waiting for a retry, when nothing is in the way any more; also when the processing
                takes longer than --settle
  unexplained   there, or in a state, without a reason; also a process that ended by itself

Exit codes:
  0    all of these are 0
  1    something was found, or the drill could not be done
  2    wrong usage
  130  interrupted; nothing is left behind

Examples:
  npm run drill -- --seed 1 --minutes 5
  npm run drill -- --seed 7 --minutes 0.5 --log kafka --faults kill,zombie --report drill.json
  npm run drill -- --seed 1 --log kafka --store postgres

Full disks need a mount that only the drill sees: as root, or where users may have namespaces (Linux). Kafka needs Java,
and Maven for the first start. The services are on 127.0.0.1 and have a folder of their own.
`;

function number(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Give a number from ${from} to ${to}.`);
  };
}

function faultKinds(text: string): FaultKind[] {
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((known) => known === name.trim());
    if (kind === undefined) throw new InvalidArgumentError(`Choose from ${FAULT_KINDS.join(', ')}, or none.`);
    return kind;
  });
}
