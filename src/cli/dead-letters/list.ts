import type { FilterOptions, ListCommand, ShowCommand } from './command-line.ts';
import type { DeadLetterClient, Filter, DeadLetterPage } from './client.ts';
import type { Terminal } from './terminal.ts';
import { deadLettersTable, deadLetterText, reasonsHistogram } from './text.ts';

const MAX_PAGE = 100;

export async function list(command: ListCommand, client: DeadLetterClient, { out }: Terminal): Promise<void> {
  const found = await pages(command, client);
  if (command.json === true) {
    out(`${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  const matched = Object.values(found.reasons).reduce((sum, count) => sum + count, 0);
  if (found.data.length === 0) {
    out('No dead letters match.\n');
    return;
  }
  out(`${deadLettersTable(found.data)}\n${reasonsHistogram(found.reasons)}`);
  if (matched > found.data.length)
    out(`\nShowing ${found.data.length} of ${matched}; use --limit to see more.\n`);
}

export async function show(command: ShowCommand, client: DeadLetterClient, { out }: Terminal): Promise<void> {
  const found = await client.find(command.id);
  out(command.json === true ? `${JSON.stringify(found, null, 2)}\n` : deadLetterText(found));
}

export function filterOf({ reason, order, state, failedAfter, failedBefore }: FilterOptions): Filter {
  return { reason, orderId: order, state, failedAfter, failedBefore };
}

/** Reads pages until `limit` is reached and joins them. */
async function pages(command: ListCommand, client: DeadLetterClient): Promise<DeadLetterPage> {
  const filter = filterOf(command);
  const page = (missing: number, cursor?: string) =>
    client.list({ ...filter, limit: Math.min(MAX_PAGE, missing), cursor });
  const first = await page(command.limit);
  let { nextCursor } = first;
  while (nextCursor !== null && first.data.length < command.limit) {
    const next = await page(command.limit - first.data.length, nextCursor);
    first.data.push(...next.data);
    nextCursor = next.nextCursor;
  }
  return { ...first, nextCursor };
}
