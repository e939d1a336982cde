export interface Counts {
  placed: number;
  delivered: number;
  cancelled: number;
  /** rejected or failed by the service */
  ended: number;
  /** not accepted, or not moved on, after all attempts */
  givenUp: number;
  inProgress: number;
}

export function noCounts(): Counts {
  return { placed: 0, delivered: 0, cancelled: 0, ended: 0, givenUp: 0, inProgress: 0 };
}

export function countsText({ placed, delivered, cancelled, ended, givenUp, inProgress }: Counts): string {
  const parts = [`${placed} placed`, `${delivered} delivered`, `${cancelled} cancelled`];
  if (ended > 0) parts.push(`${ended} rejected or failed`);
  if (givenUp > 0) parts.push(`${givenUp} given up`);
  if (inProgress > 0) parts.push(`${inProgress} in progress`);
  return parts.join(', ');
}
