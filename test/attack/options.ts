import { Command, InvalidArgumentError } from 'commander';
import { integerFrom, numberFrom } from '../../tools/support/number-option.ts';
import type { Attack } from './attack.ts';
import { ATTACKS } from './attacks/index.ts';
import { LIMITS } from './verdict.ts';

export interface Options {
  attacks: readonly Attack[];
  seconds: number;
  gateway: boolean;
  rateLimit: number;
  floorMs: number;
  report?: string;
}

/** @throws CommanderError for wrong usage, and after --help */
export function readOptions(args: readonly string[]): Options {
  const command = new Command('npm run attack --')
    .description(
      'Attacks the service in every known way while an honest client places, reads, lists and watches orders, and ' +
        'checks that the honest client hardly feels it.',
    )
    .option('--attack <names>', 'comma-separated (default: all)', attacksNamed)
    .option('--seconds <s>', 'how long each attack lasts', numberFrom(1, 600), 8)
    .option(
      '--gateway',
      'two api replicas and a worker on Kafka, behind nginx (default: one embedded service)',
    )
    .option(
      '--rate-limit <n>',
      'requests a second from one address; 0: no limit',
      integerFrom(0, 1_000_000),
      200,
    )
    .option('--floor <ms>', 'a p99 up to this never fails', numberFrom(0, 10_000), LIMITS.floorMs)
    .option('--report <file>', 'also write the report to this file, as JSON')
    .exitOverride()
    .showHelpAfterError('Run npm run attack -- --help to see the options.')
    .addHelpText('after', details());
  command.parse(args, { from: 'user' });
  const {
    attack,
    gateway = false,
    floor,
    ...given
  } = command.opts<{
    attack?: Attack[];
    seconds: number;
    gateway?: boolean;
    rateLimit: number;
    floor: number;
    report?: string;
  }>();
  return { ...given, attacks: attack ?? ATTACKS, gateway, floorMs: floor };
}

function attacksNamed(text: string): Attack[] {
  return text.split(',').map((name) => {
    const attack = ATTACKS.find((known) => known.name === name.trim());
    if (attack !== undefined) return attack;
    throw new InvalidArgumentError(`Choose from ${ATTACKS.map(({ name }) => name).join(', ')}.`);
  });
}

function details(): string {
  const attacks = ATTACKS.map(({ name, does, needs }) => {
    const tool = needs === undefined ? '' : ` (needs ${needs.program}: ${needs.install})`;
    return `  ${name.padEnd(18)} ${does}${tool}`;
  });
  return `
Attacks:
${attacks.join('\n')}

Each attack meets a freshly started service. The honest client sends 30 requests a second over HTTP and gRPC: some seconds to
warm up, some in quiet, then beside the attack. Hostile clients run in a process of lower priority and have other addresses.

An attack passes if
  - every honest request succeeded, apart from 429 for the honest client itself;
  - p99 of honest requests is at most ${LIMITS.slowdown} times the p99 in quiet, or below --floor; so is p99 of the time from placing an
    order to its event. An attack that fails only by this is run once more, and the second run counts;
  - the CPU time of the services, less what they used in quiet, is at most ${LIMITS.cpuMsPerRequest} ms for each hostile request;
  - each service process stays below ${LIMITS.peakMiB} MiB (RSS);
  - nothing hostile was accepted that must be refused.

Exit codes:
  0    every attack passed or was skipped because its tool is not installed
  1    an attack failed, or could not be completed
  2    wrong usage
  130  interrupted; nothing is left behind

Examples:
  npm run attack
  npm run attack -- --attack deep-brackets,unread-pages --seconds 5
  npm run attack -- --gateway --report attack.json

Needs Linux. --gateway needs nginx, and Java with Maven unless KAFKA_BROKERS names a Kafka. All traffic stays on the
loopback addresses; data is kept in temporary folders.
`;
}
