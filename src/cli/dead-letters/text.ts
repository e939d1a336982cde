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
    shortened(errorText(deadLetter), MAX_ERROR_LENGTH),
  ]);
  return columns([head, ...rows]);
}

/** A record that only queued behind a failing one says first which one that was. */
function errorText({ causedBy, error }: EntryBody): string {
  return causedBy === null ? oneLine(error) : `behind ${causedBy}: ${oneLine(error)}`;
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
    ['Error', errorText(deadLetter)],
    ['Tries', String(deadLetter.attempts)],
    ['Failed replays', String(deadLetter.replayCount)],
    ['Failed first', deadLetter.firstFailedAt],
    ['Failed latest', deadLetter.failedAt],
    ['Record', `${deadLetter.topic}, partition ${deadLetter.partition}, offset ${deadLetter.offset}`],
    [`Key (${deadLetter.keyEncoding ?? 'none'})`, oneLine(deadLetter.key ?? '')],
  ];
  const error = `Whole error\n${wholeError(deadLetter.cause)}`;
  const value = `Value (${deadLetter.valueEncoding ?? 'none'})\n${printable(indented(deadLetter.value ?? ''))}\n`;
  const actions = deadLetter.audit.map(({ at, act, by, detail }) => [at, act, oneLine(by), oneLine(detail)]);
  const audit = actions.length === 0 ? 'No one has acted on it yet.\n' : `Audit\n${columns(actions)}`;
  return `${columns(facts)}\n${error}\n${value}\n${audit}`;
}

/** With its stack and its causes, outermost first. */
function wholeError({ class: name, message, stack, cause }: DeadLetterBody['cause']): string {
  const own = stack ?? `${name}: ${message}`;
  return `${printable(own)}\n${cause === null ? '' : `Caused by\n${wholeError(cause)}`}`;
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
