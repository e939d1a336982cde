import type { EntryBody, DeadLetterBody } from '../../http/schemas/dead-letter.ts';

const MAX_ERROR_LENGTH = 60;
const MAX_BAR_LENGTH = 40;

/** One line a letter, under a headline. */
export function deadLettersTable(letters: readonly EntryBody[]): string {
  const head = ['ID', 'FAILED AT', 'STATE', 'REASON', 'TRIES', 'REPLAYS', 'ORDER', 'ERROR'];
  const rows = letters.map((letter) => [
    String(letter.id),
    letter.failedAt,
    letter.state,
    letter.reason,
    String(letter.attempts),
    String(letter.replayCount),
    letter.orderId ?? '-',
    shortened(oneLine(letter.error), MAX_ERROR_LENGTH),
  ]);
  return columns([head, ...rows]);
}

/** How many there are for each reason, the most first. */
export function reasonsHistogram(reasons: Record<string, number>): string {
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  const most = sorted[0]?.[1] ?? 1;
  const bar = (count: number) => '#'.repeat(Math.ceil((count / most) * MAX_BAR_LENGTH));
  return columns(sorted.map(([reason, count]) => [reason, String(count), bar(count)]));
}

export function deadLetterText(letter: DeadLetterBody): string {
  const facts = [
    ['Dead letter', String(letter.id)],
    ['State', letter.state],
    ['Order', letter.orderId ?? '-'],
    ['Reason', letter.reason],
    ['Error', oneLine(letter.error)],
    ['Tries', String(letter.attempts)],
    ['Failed replays', String(letter.replayCount)],
    ['Failed first', letter.firstFailedAt],
    ['Failed latest', letter.failedAt],
    ['Record', `${letter.topic}, partition ${letter.partition}, offset ${letter.offset}`],
    [`Key (${letter.keyEncoding ?? 'none'})`, oneLine(letter.key ?? '')],
  ];
  const value = `Value (${letter.valueEncoding ?? 'none'})\n${printable(indented(letter.value ?? ''))}\n`;
  const acts = letter.audit.map(({ at, act, by, detail }) => [at, act, oneLine(by), oneLine(detail)]);
  const audit =
    acts.length === 0 ? 'Nothing was done with it yet.\n' : `What was done with it\n${columns(acts)}`;
  return `${columns(facts)}\n${value}\n${audit}`;
}

function columns(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** JSON is shown so that it can be read; anything else as it is. */
function indented(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

/** What others wrote must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '�');
}

function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' '));
}

function shortened(text: string, length: number): string {
  const letters = Array.from(text);
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join('')}…`;
}
