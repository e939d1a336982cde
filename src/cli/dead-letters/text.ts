import type { EntryBody, DeadLetterBody } from '../../http/schemas/dead-letter.ts';
import { columns, oneLine, printable } from '../output/columns.ts';

const MAX_ERROR_LENGTH = 60;
const MAX_BAR_LENGTH = 40;

/** One line per dead letter, below a header. */
export function deadLettersTable(deadLetters: readonly EntryBody[]): string {
  const head = ['ID', 'FAILED AT', 'STATE', 'REASON', 'TRIES', 'REPLAYS', 'ORDER', 'ERROR'];
  const rows = deadLetters.map((deadLetter) => [
    String(deadLetter.id),
    deadLetter.failedAt,
    deadLetter.state,
    deadLetter.reason,
    String(deadLetter.attempts),
    String(deadLetter.replayCount),
    deadLetter.orderId ?? '-',
    shortened(oneLine(deadLetter.error), MAX_ERROR_LENGTH),
  ]);
  return columns([head, ...rows]);
}

/** A count per reason, highest first. */
export function reasonsHistogram(reasons: Record<string, number>): string {
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  const most = sorted[0]?.[1] ?? 1;
  const bar = (count: number) => '#'.repeat(Math.ceil((count / most) * MAX_BAR_LENGTH));
  return columns(sorted.map(([reason, count]) => [reason, String(count), bar(count)]));
}

export function deadLetterText(deadLetter: DeadLetterBody): string {
  const facts = [
    ['Dead letter', String(deadLetter.id)],
    ['State', deadLetter.state],
    ['Order', deadLetter.orderId ?? '-'],
    ['Reason', deadLetter.reason],
    ['Error', oneLine(deadLetter.error)],
    ['Tries', String(deadLetter.attempts)],
    ['Failed replays', String(deadLetter.replayCount)],
    ['Failed first', deadLetter.firstFailedAt],
    ['Failed latest', deadLetter.failedAt],
    ['Record', `${deadLetter.topic}, partition ${deadLetter.partition}, offset ${deadLetter.offset}`],
    [`Key (${deadLetter.keyEncoding ?? 'none'})`, oneLine(deadLetter.key ?? '')],
  ];
  const value = `Value (${deadLetter.valueEncoding ?? 'none'})\n${printable(indented(deadLetter.value ?? ''))}\n`;
  const actions = deadLetter.audit.map(({ at, act, by, detail }) => [at, act, oneLine(by), oneLine(detail)]);
  const audit = actions.length === 0 ? 'No one has acted on it yet.\n' : `Audit\n${columns(actions)}`;
  return `${columns(facts)}\n${value}\n${audit}`;
}

/** Indents JSON; returns anything else unchanged. */
function indented(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

function shortened(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
