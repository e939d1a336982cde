/**
 * Bisects by dry runs. Cost: about two batch writes per refused item.
 * @param dryRun why the store refuses the rows of these items; undefined if it accepts them
 * @returns item → why the store refuses its rows
 */
export async function findRefused<T>(
  items: readonly T[],
  dryRun: (items: readonly T[]) => Promise<Error | undefined>,
): Promise<Map<T, Error>> {
  const refused = new Map<T, Error>();
  const suspects = [items];
  for (let suspect = suspects.pop(); suspect !== undefined; suspect = suspects.pop()) {
    const [first] = suspect;
    if (first === undefined) continue;
    const refusal = await dryRun(suspect);
    if (refusal === undefined) continue;
    if (suspect.length === 1) {
      refused.set(first, refusal);
      continue;
    }
    const middle = suspect.length >> 1;
    suspects.push(suspect.slice(0, middle), suspect.slice(middle));
  }
  return refused;
}
