import cliProgress from 'cli-progress';
import { createPacer } from '../../base/pacer.ts';
import type { BulkCommand } from './command-line.ts';
import { RequestFailed, type BulkRequestBody, type DeadLetterClient } from './client.ts';
import { filterOf } from './list.ts';
import type { Terminal } from './terminal.ts';

/** Dead letters per request. */
const MAX_PAGE = 1_000;

/** More would hide the summary. */
const MAX_REFUSED_LISTED = 20;

const DONE = { replay: 'replayed', discard: 'discarded' } as const;

/** Replays or discards page by page, to show progress and to be interruptible. Returns false if it did not finish. */
export async function runBulkCommand(
  command: BulkCommand,
  client: DeadLetterClient,
  terminal: Terminal,
): Promise<boolean> {
  const { name, ids, json, limit = Infinity } = command;
  const selection = ids.length > 0 ? { ids } : { filter: filterOf(command) };
  const planned = await client.bulkAction(name, { ...selection, dryRun: true });
  if (command.dryRun === true) {
    const eligible = Math.min(limit, planned.matched - planned.skipped);
    terminal.out(
      json === true ? toJson(planned) : `${planned.matched} match, ${eligible} would be ${DONE[name]}.\n`,
    );
    return true;
  }
  const total = Math.min(limit, planned.matched);
  if (!(await isConfirmed(command, total, terminal))) return false;
  const tally = await runPages(command, selection, total, client, terminal);
  const result = { matched: tally.matched, [DONE[name]]: tally.done, skipped: tally.matched - tally.done };
  terminal.out(json === true ? toJson(result) : `${summary(command, tally)}\n`);
  for (const { id, reason } of tally.refused) terminal.printError(`Dead letter ${id} was skipped: ${reason}`);
  if (tally.failure === undefined) return true;
  terminal.printError(tally.failure);
  terminal.printError(
    `Stopped after ${tally.matched} of ${total}. Run the command again to continue: repeating it is safe.`,
  );
  return false;
}

interface Tally {
  matched: number;
  done: number;
  refused: { id: number; reason: string }[];
  failure?: string;
}

async function runPages(
  { name, rate }: BulkCommand,
  selection: BulkRequestBody,
  total: number,
  client: DeadLetterClient,
  { progressStream }: Terminal,
): Promise<Tally> {
  const pageSize = Math.min(MAX_PAGE, rate);
  const nextPage = createPacer((pageSize / rate) * 1000);
  const bar = new cliProgress.SingleBar({
    format: `${name} [{bar}] {percentage}% | {value}/{total} | ETA {eta_formatted}`,
    stream: progressStream,
  });
  const tally: Tally = { matched: 0, done: 0, refused: [] };
  bar.start(total, 0);
  try {
    let afterId: number | null = 0;
    while (afterId !== null && tally.matched < total) {
      await nextPage();
      const limit = Math.min(pageSize, total - tally.matched);
      const page = await client.bulkAction(name, { ...selection, ratePerSecond: rate, afterId, limit });
      tally.matched += page.matched;
      tally.done += page[DONE[name]] ?? 0;
      tally.refused.push(...(page.refused ?? []).slice(0, MAX_REFUSED_LISTED - tally.refused.length));
      afterId = page.nextAfterId ?? null;
      bar.update(tally.matched);
    }
    return tally;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    return { ...tally, failure: error.message };
  } finally {
    bar.stop();
  }
}

/** Asks before discarding by filter: the user may not have seen what matches. */
async function isConfirmed(command: BulkCommand, total: number, terminal: Terminal): Promise<boolean> {
  if (command.name === 'replay' || command.ids.length > 0 || command.yes === true || total === 0) return true;
  return terminal.confirm(total === 1 ? 'Discard 1 dead letter?' : `Discard ${total} dead letters?`);
}

function summary({ name }: BulkCommand, { matched, done }: Tally): string {
  const skipped = matched - done;
  const rest =
    skipped === 0 ? '' : ` ${skipped} skipped: already resolved or discarded, exhausted, or refused.`;
  return `${done} ${DONE[name]}.${rest}`;
}

function toJson(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
