import { Command, InvalidArgumentError, Option } from 'commander';

export interface SimulationOptions {
  /** origin of the service, without a path */
  url: string;
  /** orders a second, at most */
  rate: number;
  seconds: number;
  /** placed at most */
  orders: number;
  /** orders on their way at a time, at most */
  concurrency: number;
}

const MOST_ORDERS = 1_000_000;

/** @throws CommanderError for wrong usage, and after --help */
export function readOptions(args: readonly string[]): SimulationOptions {
  const command = new Command('npm run simulate --')
    .description(
      'Places orders at a service on this machine and moves them through their lives, as customers, merchants and ' +
        'couriers would: most are prepared, dispatched and delivered, some are cancelled.',
    )
    .addOption(option('--rate <n>', 'orders a second', 0.1, 10_000).default(50))
    .addOption(
      new Option('--url <url>', 'of the service').argParser(loopbackUrl).default('http://127.0.0.1:3000'),
    )
    .addOption(option('--seconds <n>', 'how long orders are placed', 0.1, 86_400).default(60))
    .addOption(whole('--orders <n>', 'orders placed at most', MOST_ORDERS).default(MOST_ORDERS))
    .addOption(
      whole(
        '--concurrency <n>',
        'orders on their way at a time; with more the rate gives way',
        10_000,
      ).default(500),
    )
    .exitOverride()
    .showHelpAfterError('Run npm run simulate -- --help to see the options.')
    .addHelpText('after', DETAILS);
  command.parse(args, { from: 'user' });
  return command.opts<SimulationOptions>();
}

const DETAILS = `
Every order has an Idempotency-Key: what is not answered, or is answered with 429 or 503, is sent again after the time
that Retry-After asks for, and is one order all the same. Ctrl-C stops it at once; orders on their way stay where they are.

Exit codes:
  0  done, or stopped by a signal
  1  the service did not answer, or took no order
  2  wrong usage

Examples:
  npm start                                  in one terminal, and in another:
  npm run simulate                           50 orders a second for a minute
  npm run simulate -- --rate 5 --seconds 600 a quiet afternoon to watch at http://127.0.0.1:3000/
  npm run simulate -- --rate 2000 --concurrency 10000
`;

function option(flags: string, description: string, from: number, to: number): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Give a number from ${from} to ${to}.`);
  });
}

function whole(flags: string, description: string, to: number): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= 1 && value <= to) return value;
    throw new InvalidArgumentError(`Give a whole number from 1 to ${to}.`);
  });
}

/** Made-up orders have no place in a service that others use, so it speaks to this machine only. */
function loopbackUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:') throw new InvalidArgumentError('Give a URL such as http://127.0.0.1:3000.');
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (!isLoopback) {
    throw new InvalidArgumentError(`${url.hostname} is not this machine: use 127.0.0.1, ::1 or localhost.`);
  }
  return url.origin;
}
