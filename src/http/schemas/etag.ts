/** The entity tag of an order is its version. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** If-None-Match (RFC 9110, section 13.1.2) by weak comparison: true when the caller has this one already. */
export function matchesEntityTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
}
