import { Command, InvalidArgumentError } from 'commander';
import { ServiceError } from '../../src/base/errors.ts';
import { callerToken, TOKEN_HELP } from '../../src/cli/dead-letters/caller-token.ts';
import { serviceUrl } from '../../src/cli/dead-letters/run.ts';
import { loadConfig } from '../../src/config/config.ts';
import { integerFrom, numberFrom } from '../support/number-option.ts';

export interface SimulationOptions {
  /** of the service, without a path */
  url: string;
  /** if the service asks for one */
  token?: string | undefined;
  /** orders a second, at most */
  rate: number;
  seconds: number;
  /** at most */
  orders: number;
  /** orders in progress at a time, at most */
  concurrency: number;
}

const MAX_ORDERS = 1_000_000;

/** @throws CommanderError for wrong usage or settings, and after --help */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): SimulationOptions {
  const command = new Command('npm run simulate --')
    .description(
      'Places orders at a service on this machine and moves them on as customers, merchants and couriers would: most ' +
        'are prepared, dispatched and delivered, some are cancelled.',
    )
    .option('--rate <n>', 'orders a second', numberFrom(0.1, 10_000), 50)
    .option(
      '--url <url>',
      'of the service (default: by HOST and PORT, as the service reads them)',
      loopbackUrl,
    )
    .option('--seconds <n>', 'how long to place orders', numberFrom(0.1, 86_400), 60)
    .option('--orders <n>', 'how many orders to place at most', integerFrom(1, MAX_ORDERS), MAX_ORDERS)
    .option(
      '--concurrency <n>',
      'orders in progress at a time, at most; reaching it lowers the rate',
      integerFrom(1, 10_000),
      500,
    )
    .exitOverride()
    .showHelpAfterError('Run npm run simulate -- --help to see the options.')
    .addHelpText('after', DETAILS);
  command.parse(args, { from: 'user' });
  const { url, ...options } = command.opts<Omit<SimulationOptions, 'url'> & { url?: string }>();
  return checked(command, () => ({
    ...options,
    // By default the service that `npm start` runs with these settings.
    url: url ?? loopbackUrl(serviceUrl(loadConfig(environment, { listens: false }))),
    token: callerToken(environment),
  }));
}

/** @throws CommanderError for settings that cannot be used */
function checked<Value>(command: Command, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ServiceError || error instanceof InvalidArgumentError)) throw error;
    const details = error instanceof ServiceError ? (error.errors ?? []).map(({ detail }) => detail) : [];
    return command.error([...details, error.message].join('\n'));
  }
}

const DETAILS = `
Every order has an Idempotency-Key. Requests that get no answer, 429 or 503 are sent again after Retry-After, and create
no second order. Ctrl-C stops the simulation at once; unfinished orders stay as they are.

Exit codes:
  0  done, or stopped by a signal
  1  the service did not answer, or accepted no order
  2  wrong usage

Examples:
  npm start                                  in one terminal; in another:
  npm run simulate                           50 orders a second for a minute
  npm run simulate -- --rate 5 --seconds 600 ten quiet minutes to watch on the dashboard
  npm run simulate -- --rate 2000 --concurrency 10000
${TOKEN_HELP}
`;

/** Simulated orders do not belong in a service that others use, so only this machine is allowed. */
function loopbackUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:') throw new InvalidArgumentError('Give a URL such as http://127.0.0.1:3000.');
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (!isLoopback) {
    throw new InvalidArgumentError(`${url.hostname} is not this machine: use 127.0.0.1, ::1 or localhost.`);
  }
  return url.origin;
}
