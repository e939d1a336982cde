import { parsePosition, type Position } from '../../src/base/position.ts';
import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import type { Finding } from './findings.ts';
import { merchantOf, type Behaviour, type OrderKind } from './merchants.ts';

/**
 * `acknowledged`: 202 · `unknown`: it may be in the log or not (no answer, 500, 504) · `refused`: certainly not in it
 */
export type Outcome = 'acknowledged' | 'unknown' | 'refused';

/** A transition that was taken, or may have been. */
export interface Wish {
  to: RequestableStatus;
  outcome: 'acknowledged' | 'unknown';
  /** where it stands in the log, as its acknowledgement said */
  position: Position | undefined;
}

/** What the service has told its callers of one order; nothing else is held against it. */
export interface LedgerEntry {
  number: number;
  kind: OrderKind;
  merchantId: string;
  outcome: Outcome;
  /** every id that was answered; more than one is a defect */
  ids: string[];
  /** as the latest acknowledgement gave it */
  location: string | undefined;
  /** records of its placing that the log may hold: a key may be sent again after an answer that told nothing */
  possibleRecords: number;
  /** transitions that were taken, in the order of the requests; only the last one may be of unknown outcome */
  wishes: Wish[];
  /** answers that no caller of this order may ever get */
  wrongAnswers: Finding[];
}

/** A record that is no event of the service; where it stands in the log, once that was acknowledged. */
export interface UndecodableRecord {
  partition: number;
  offset: number;
}

/** Some 300 bytes an order: a drill of 5 minutes takes 20 MB. */
export class Ledger {
  readonly entries: LedgerEntry[] = [];
  readonly undecodable: UndecodableRecord[] = [];
  /** status, or why there was none → how often */
  readonly answers = new Map<string, number>();

  open(number: number, behaviour: Behaviour): LedgerEntry {
    const entry: LedgerEntry = {
      number,
      kind: behaviour.kind,
      merchantId: merchantOf(behaviour),
      outcome: 'refused',
      ids: [],
      location: undefined,
      possibleRecords: 0,
      wishes: [],
      wrongAnswers: [],
    };
    this.entries.push(entry);
    return entry;
  }

  answered(how: string): void {
    this.answers.set(how, (this.answers.get(how) ?? 0) + 1);
  }
}

export function acknowledge(entry: LedgerEntry, id: string, location: string): void {
  entry.outcome = 'acknowledged';
  entry.location = location;
  entry.possibleRecords += 1;
  if (!entry.ids.includes(id)) entry.ids.push(id);
}

/** What was acknowledged stays so, whatever a repeat of it is answered. */
export function leaveUnknown(entry: LedgerEntry): void {
  if (entry.outcome === 'refused') entry.outcome = 'unknown';
  entry.possibleRecords += 1;
}

/** Where the record of an acknowledgement stands; undefined for a Location that does not say it. */
export function positionIn(location: string | undefined): Position | undefined {
  const position = new URLSearchParams(location?.split('?')[1]).get('position');
  return position === null ? undefined : parsePosition(position);
}
