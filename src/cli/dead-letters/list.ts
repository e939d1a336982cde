import type { FilterOptions, ListCommand, ShowCommand } from './command-line.ts';
import type { DeadLetterClient, Filter, DeadLetterPage } from './client.ts';
import type { Terminal } from './terminal.ts';
import { deadLettersTable, deadLetterText, reasonsHistogram } from './text.ts';

const MAX_PAGE = 100;

export async function list(command: ListCommand, client: DeadLetterClient, { out }: Terminal): Promise<void> {
  const letters = await pages(command, client);
  if (command.json === true) {
    out(`${JSON.stringify(letters, null, 2)}\n`);
    return;
  }
  const matched = Object.values(letters.reasons).reduce((sum, count) => sum + count, 0);
  if (letters.data.length === 0) {
    out('No dead letters match.\n');
    return;
  }
  out(`${deadLettersTable(letters.data)}\n${reasonsHistogram(letters.reasons)}`);
  if (matched > letters.data.length)
    out(`\n${letters.data.length} of ${matched} are shown; --limit shows more.\n`);
}

export async function show(command: ShowCommand, client: DeadLetterClient, { out }: Terminal): Promise<void> {
  const letter = await client.find(command.id);
  out(command.json === true ? `${JSON.stringify(letter, null, 2)}\n` : deadLetterText(letter));
}

export function filterOf({ reason, order, state, failedAfter, failedBefore }: FilterOptions): Filter {
  return { reason, orderId: order, state, failedAfter, failedBefore };
}

/** As many as asked for, as one page. */
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
