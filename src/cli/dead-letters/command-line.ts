import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { parseTimestamp } from '../../base/timestamp.ts';
import { TOKEN_HELP } from './caller-token.ts';
import { DEAD_LETTER_REASONS, DEAD_LETTER_STATES, LIST_STATES } from '../../store/dead-letter.ts';

/** Options that all commands share. */
interface Common {
  /** address of a running service; undefined: the one in the settings */
  url?: string;
  json?: true;
}

/** Named as the options; a dead letter must match all of them. */
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

export interface BulkCommand extends Common, FilterOptions {
  name: 'replay' | 'discard';
  /** empty: use the filter */
  ids: number[];
  dryRun?: true;
  /** dead letters per second */
  rate: number;
  /** at most this many, oldest first */
  limit?: number;
  /** skip the confirmation */
  yes?: true;
}

export type DeadLetterCommand = ListCommand | ShowCommand | BulkCommand;

type Run = (command: DeadLetterCommand) => Promise<void>;

const MAX_IDS = 1_000;
const MAX_RATE = 10_000;

/** Adds `dead-letters` with its subcommands; `run` gets the parsed command. */
export function addDeadLetterCommands(program: Command, run: Run): void {
  const deadLetters = program
    .command('dead-letters')
    .description('list, show, replay and discard records that failed for good; asks a running service')
    .addHelpText('after', EXAMPLES);
  const list = withFilter(deadLetters.command('list'), [...LIST_STATES])
    .description('list unresolved dead letters, newest failure first, with a count per reason')
    .option('--limit <n>', 'dead letters to show, at most 10000', numberUpTo(10_000), 20);
  withCommon(list).action((options: Omit<ListCommand, 'name'>) => run({ name: 'list', ...options }));
  const show = deadLetters
    .command('show')
    .description('show one dead letter with its whole error, its record, byte for byte, and its audit')
    .addArgument(new Argument('<id>', 'as shown by list').argParser(numberUpTo(Number.MAX_SAFE_INTEGER)));
  withCommon(show).action((id: number, options: Common) => run({ name: 'show', id, ...options }));
  addBulkAction(deadLetters, 'replay', 100, run)
    .description('send dead letters to the event log again, in the order in which they failed')
    .addHelpText(
      'after',
      '\nSafe to repeat: a second run skips what was already sent, and no order is confirmed twice.',
    );
  addBulkAction(deadLetters, 'discard', MAX_RATE, run)
    .description('close dead letters: they stay in the store but can no longer be replayed')
    .option('--yes', 'discard by filter without asking');
}

function addBulkAction(deadLetters: Command, name: BulkCommand['name'], rate: number, run: Run): Command {
  const bulk = withFilter(deadLetters.command(name), [...DEAD_LETTER_STATES])
    .addArgument(new Argument('[ids...]', 'these dead letters, instead of a filter').argParser(collectIds))
    .option('--dry-run', 'only count')
    .option('--rate <n>', `dead letters per second, at most ${MAX_RATE}`, numberUpTo(MAX_RATE), rate)
    .option('--limit <n>', 'at most this many, oldest first', numberUpTo(Number.MAX_SAFE_INTEGER));
  return withCommon(bulk).action((ids: number[], options: Omit<BulkCommand, 'name' | 'ids'>) => {
    if (ids.length > 0 && isFiltered(options)) bulk.error('error: give ids or filters, not both');
    if (ids.length > MAX_IDS) bulk.error(`error: give at most ${MAX_IDS} ids, or a filter`);
    return run({ name, ids, ...options });
  });
}

const EXAMPLES = `
Examples:
  order-system dead-letters list --reason retries-exhausted
  order-system dead-letters list --state all --order 0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70
  order-system dead-letters show 17
  order-system dead-letters replay --reason retries-exhausted --dry-run
  order-system dead-letters replay --reason retries-exhausted --rate 50
  order-system dead-letters replay 17 18 19
  order-system dead-letters discard --order 0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70
  order-system dead-letters list --url http://10.0.0.7:3000 --json

With --reason, replay and discard also include the later events of an order that failed for that reason.
Without --state, list shows the unresolved ones (open, replaying or exhausted; --state all shows every one), and replay and
discard apply to open ones. A dead letter whose replays failed REPLAY_LIMIT times is
exhausted: replays skip it; discard it by id or with --state exhausted.
${TOKEN_HELP}`;

function withFilter(command: Command, states: string[]): Command {
  return command
    .addOption(new Option('--reason <reason>', 'why they failed').choices(DEAD_LETTER_REASONS))
    .option('--order <id>', 'the order they belong to')
    .addOption(new Option('--state <state>', 'their state').choices(states))
    .option('--failed-after <time>', 'failed last after this time, such as 2026-11-05T12:00:00Z', timestamp)
    .option('--failed-before <time>', 'failed last before this time', timestamp);
}

function withCommon(command: Command): Command {
  return command
    .option('--url <url>', 'the address of the service (default: http://HOST:PORT of the settings)', httpUrl)
    .option('--json', 'as JSON');
}

function isFiltered({ reason, order, state, failedAfter, failedBefore }: FilterOptions): boolean {
  return [reason, order, state, failedAfter, failedBefore].some((filter) => filter !== undefined);
}

function numberUpTo(maximum: number): (text: string) => number {
  return (text) => {
    const number = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : NaN;
    if (number <= maximum) return number;
    throw new InvalidArgumentError(`Give a whole number from 1 to ${maximum}.`);
  };
}

function collectIds(text: string, previous: number[] | undefined): number[] {
  return [...(previous ?? []), numberUpTo(Number.MAX_SAFE_INTEGER)(text)];
}

function timestamp(text: string): string {
  if (parseTimestamp(text) !== undefined) return text;
  throw new InvalidArgumentError('Give an RFC 3339 time, such as 2026-11-05T12:00:00Z.');
}

function httpUrl(text: string): string {
  if (/^https?:/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('Give an address such as http://127.0.0.1:3000.');
}
