import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { parseTimestamp } from '../../base/timestamp.ts';
import { DEAD_LETTER_REASONS, DEAD_LETTER_STATES } from '../../store/dead-letter.ts';

/** Where to ask, and how to answer; common to all. */
interface Common {
  /** of a running service; undefined: the one that the settings describe */
  url?: string;
  json?: true;
}

/** As the options are called; letters are found by all that are given. */
export interface FilterOptions {
  reason?: string;
  order?: string;
  state?: string;
  failedAfter?: string;
  failedBefore?: string;
}

export interface ListCommand extends Common, FilterOptions {
  name: 'list';
  limit: number;
}

export interface ShowCommand extends Common {
  name: 'show';
  id: number;
}

export interface ActCommand extends Common, FilterOptions {
  name: 'replay' | 'discard';
  /** none: the filter counts */
  ids: number[];
  dryRun?: true;
  /** letters a second */
  rate: number;
  /** letters at most */
  limit?: number;
  /** do not ask */
  yes?: true;
}

export type DeadLetterCommand = ListCommand | ShowCommand | ActCommand;

type Run = (command: DeadLetterCommand) => Promise<void>;

const MAX_IDS = 1_000;
const MAX_RATE = 10_000;

/** Describes `dead-letters` with its commands; `run` gets what was asked for. */
export function addDeadLetterCommands(program: Command, run: Run): void {
  const letters = program
    .command('dead-letters')
    .description('look after the records that failed for good; asks a running service')
    .addHelpText('after', EXAMPLES);
  const list = withFilter(letters.command('list'))
    .description('show what failed, newest first, and how much of it for which reason')
    .option('--limit <n>', 'letters to show, at most 10000', numberUpTo(10_000), 20);
  withCommon(list).action((options: Omit<ListCommand, 'name'>) => run({ name: 'list', ...options }));
  const show = letters
    .command('show')
    .description('show one with its record, byte for byte, and what was done with it')
    .addArgument(new Argument('<id>', 'as list shows it').argParser(numberUpTo(Number.MAX_SAFE_INTEGER)));
  withCommon(show).action((id: number, options: Common) => run({ name: 'show', id, ...options }));
  addAct(letters, 'replay', 100, run)
    .description('send letters to the event log again, in the order in which they failed')
    .addHelpText(
      'after',
      '\nSafe to repeat: what was sent is not open any more, so a second run goes on where one ended, and an order that was\nconfirmed is not confirmed again.',
    );
  addAct(letters, 'discard', MAX_RATE, run)
    .description('give letters up; they are kept, and no replay takes them any more')
    .option('--yes', 'do not ask before letters are discarded by filter');
}

function addAct(letters: Command, name: ActCommand['name'], rate: number, run: Run): Command {
  const act = withFilter(letters.command(name))
    .addArgument(new Argument('[ids...]', 'these letters, instead of a filter').argParser(collectIds))
    .option('--dry-run', 'only count')
    .option('--rate <n>', `letters a second, at most ${MAX_RATE}`, numberUpTo(MAX_RATE), rate)
    .option('--limit <n>', 'letters at most, the oldest first', numberUpTo(Number.MAX_SAFE_INTEGER));
  return withCommon(act).action((ids: number[], options: Omit<ActCommand, 'name' | 'ids'>) => {
    if (ids.length > 0 && isFiltered(options)) act.error('error: give ids or filters, not both');
    if (ids.length > MAX_IDS) act.error(`error: give at most ${MAX_IDS} ids, or a filter`);
    return run({ name, ids, ...options });
  });
}

const EXAMPLES = `
Examples:
  order-system dead-letters list --state open --reason retries-exhausted
  order-system dead-letters show 17
  order-system dead-letters replay --reason retries-exhausted --dry-run
  order-system dead-letters replay --reason retries-exhausted --rate 50
  order-system dead-letters replay 17 18 19
  order-system dead-letters discard --order 0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70
  order-system dead-letters list --url http://10.0.0.7:3000 --json

With --reason, replay and discard also take what failed behind such a letter: an order's later events go with it.
Without --state, replay and discard mean the letters that are open. A letter whose replays failed REPLAY_LIMIT times
is exhausted: replays skip it, and it can be discarded by its id or with --state exhausted.`;

function withFilter(command: Command): Command {
  return command
    .addOption(new Option('--reason <reason>', 'why they failed').choices(DEAD_LETTER_REASONS))
    .option('--order <id>', 'the order that they are about')
    .addOption(new Option('--state <state>', 'what became of them').choices(DEAD_LETTER_STATES))
    .option('--failed-after <time>', 'latest failure after it, such as 2026-11-05T12:00:00Z', timestamp)
    .option('--failed-before <time>', 'latest failure before it', timestamp);
}

function withCommon(command: Command): Command {
  return command
    .option('--url <url>', 'the service to ask (default: http://HOST:PORT of the settings)', httpUrl)
    .option('--json', 'as JSON');
}

function isFiltered({ reason, order, state, failedAfter, failedBefore }: FilterOptions): boolean {
  return [reason, order, state, failedAfter, failedBefore].some((given) => given !== undefined);
}

function numberUpTo(maximum: number): (text: string) => number {
  return (text) => {
    const number = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : NaN;
    if (number <= maximum) return number;
    throw new InvalidArgumentError(`It is a whole number from 1 to ${maximum}.`);
  };
}

function collectIds(text: string, previous: number[] | undefined): number[] {
  return [...(previous ?? []), numberUpTo(Number.MAX_SAFE_INTEGER)(text)];
}

function timestamp(text: string): string {
  if (parseTimestamp(text) !== undefined) return text;
  throw new InvalidArgumentError('It is an RFC 3339 time, such as 2026-11-05T12:00:00Z.');
}

function httpUrl(text: string): string {
  if (/^https?:/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('It is an address such as http://127.0.0.1:3000.');
}
