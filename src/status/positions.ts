/** Partition number → next offset; a missing entry means 0. */
export type Positions = readonly number[];

export function positionAt(positions: Positions, partition: number): number {
  return positions[partition] ?? 0;
}

/** The greater offset of each partition. */
export function furthest(some: Positions, others: Positions): number[] {
  const length = Math.max(some.length, others.length);
  return Array.from({ length }, (_, partition) =>
    Math.max(positionAt(some, partition), positionAt(others, partition)),
  );
}

/** Whether every partition has reached its offset in `goal`. */
export function hasReached(positions: Positions, goal: Positions): boolean {
  return goal.every((offset, partition) => positionAt(positions, partition) >= offset);
}
