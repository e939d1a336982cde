import { parsePosition, type Position } from '../../src/base/position.ts';
import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import { merchantOf, type Behaviour, type OrderKind } from './behaviour.ts';
import { drillNow } from './drill-clock.ts';
import type { Finding } from './findings.ts';
import type { Acknowledgement, LostSpan } from './lost-spans.ts';

/** `acknowledged`: 202 · `unknown`: the log may hold it (no response, 500, 504) · `refused`: the log certainly does not */
export type Outcome = 'acknowledged' | 'unknown' | 'refused';

/** A transition that was accepted, or may have been. */
export interface RequestedTransition {
  to: RequestableStatus;
  outcome: 'acknowledged' | 'unknown';
  /** undefined if the outcome is unknown */
  acknowledgement: Acknowledgement | undefined;
}

/** What the service promised about one order. The checker expects nothing else. */
export interface LedgerEntry {
  number: number;
  kind: OrderKind;
  merchantId: string;
  outcome: Outcome;
  /** every id in a response; more than one is a defect */
  ids: string[];
  /** of the order itself; a request with a key may have several */
  acknowledgements: Acknowledgement[];
  /** from the latest acknowledgement */
  location: string | undefined;
  /** how many records may have placed it: a request with a key is sent again after an unknown outcome */
  possibleRecords: number;
  /** in the order of the requests; only the last one may have an unknown outcome, unless its loss was accepted */
  transitions: RequestedTransition[];
  /** responses that the client of this order must never get */
  wrongResponses: Finding[];
  /** when a request for this acknowledged order got 404, drill time */
  notFoundAt: number[];
}

/** Drill time. */
export interface TimeWindow {
  from: number;
  until: number;
}

/** From the first slow call to the end of the last one, drill time. */
export interface SlowWindow extends TimeWindow {
  /** nothing was slow and nothing broken from this moment on: how fast the machine is */
  calmFrom: number;
}

/** About 300 bytes an order: 20 MB for a drill of 5 minutes. */
export class Ledger {
  /** drill time */
  readonly startedAt = drillNow();
  readonly entries: LedgerEntry[] = [];
  /** positions of acknowledged records that are no events of the service */
  readonly undecodable: Position[] = [];
  /** what an operator lost on purpose */
  readonly lostSpans: LostSpan[] = [];
  /** when some calls were slow and nothing else was broken */
  readonly slowWindows: SlowWindow[] = [];
  /** status, or why there was none → how often */
  readonly responses = new Map<string, number>();

  open(number: number, behaviour: Behaviour): LedgerEntry {
    const entry: LedgerEntry = {
      number,
      kind: behaviour.kind,
      merchantId: merchantOf(behaviour),
      outcome: 'refused',
      ids: [],
      acknowledgements: [],
      location: undefined,
      possibleRecords: 0,
      transitions: [],
      wrongResponses: [],
      notFoundAt: [],
    };
    this.entries.push(entry);
    return entry;
  }

  countResponse(kind: string): void {
    this.responses.set(kind, (this.responses.get(kind) ?? 0) + 1);
  }
}

export function acknowledge(entry: LedgerEntry, id: string, location: string, at = drillNow()): void {
  entry.outcome = 'acknowledged';
  entry.acknowledgements.push({ at, position: positionIn(location) });
  entry.location = location;
  entry.possibleRecords += 1;
  if (!entry.ids.includes(id)) entry.ids.push(id);
}

/** An acknowledged order stays acknowledged, whatever a repeat of its request gets. */
export function leaveUnknown(entry: LedgerEntry): void {
  if (entry.outcome === 'refused') entry.outcome = 'unknown';
  entry.possibleRecords += 1;
}

/** The log position in a Location; undefined for one without. */
export function positionIn(location: string | undefined): Position | undefined {
  const position = new URLSearchParams(location?.split('?')[1]).get('position');
  return position === null ? undefined : parsePosition(position);
}
