/** Each start of a service begins an epoch of the history. */
export interface HistoryEpoch {
  id: string;
  /** sequence of its first change, if it has any */
  firstSequence: number;
}
