/** What became of the simulated orders. */
export interface Tally {
  placed: number;
  delivered: number;
  cancelled: number;
  /** rejected or failed by the service */
  ended: number;
  /** not taken, or not moved on, in all the attempts there were */
  givenUp: number;
  onTheirWay: number;
}

export function newTally(): Tally {
  return { placed: 0, delivered: 0, cancelled: 0, ended: 0, givenUp: 0, onTheirWay: 0 };
}

export function tallyText({ placed, delivered, cancelled, ended, givenUp, onTheirWay }: Tally): string {
  const parts = [`${placed} placed`, `${delivered} delivered`, `${cancelled} cancelled`];
  if (ended > 0) parts.push(`${ended} rejected or failed`);
  if (givenUp > 0) parts.push(`${givenUp} given up`);
  if (onTheirWay > 0) parts.push(`${onTheirWay} on their way`);
  return parts.join(', ');
}
