import { randomBytes } from 'node:crypto';
import type { HistoryEpoch } from '../store/history-epoch.ts';
import { positionAt } from './positions.ts';
import type { LogPoint } from './resume-token.ts';

/** Which history the offsets of a hub belong to. Resume tokens carry its identity. */
export interface Lineage {
  /** for new tokens */
  readonly current: string;
  /** Whether a token's point lies in this history, as far as the identities tell. */
  includes(point: LogPoint): boolean;
}

/** Lower-case letters and digits only, as tokens require. */
export function newIdentity(): string {
  return randomBytes(8).toString('hex');
}

/** A log with one identity: its offsets never start over. */
export function singleLog(identity: string): Lineage {
  return { current: identity, includes: ({ log }) => log === identity };
}

/**
 * The epochs of a history, oldest first; Kafka's leader epochs (KIP-101) have the same purpose. After a restore, two histories
 * can use the same sequence numbers; the epoch tells them apart. A restored copy has the epochs up to the moment of the copy,
 * and begins another one there. A token is valid if its epoch is known and does not end before its position.
 */
export function historyEpochs(epochs: readonly HistoryEpoch[]): Lineage {
  const ends = new Map(epochs.map(({ id }, index) => [id, epochs[index + 1]?.firstSequence ?? Infinity]));
  return {
    current: epochs.at(-1)?.id ?? newIdentity(),
    includes: ({ log, positions }) => positionAt(positions, 0) <= (ends.get(log) ?? -1),
  };
}
