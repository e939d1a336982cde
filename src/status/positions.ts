/** The next offset of every partition, by its number; those that are missing stand at 0. */
export type Positions = readonly number[];

export function positionAt(positions: Positions, partition: number): number {
  return positions[partition] ?? 0;
}

/** Of each partition the one that is further. */
export function furthest(some: Positions, others: Positions): number[] {
  const length = Math.max(some.length, others.length);
  return Array.from({ length }, (_, partition) =>
    Math.max(positionAt(some, partition), positionAt(others, partition)),
  );
}

/** Whether no partition of these stands behind. */
export function hasReached(positions: Positions, goal: Positions): boolean {
  return goal.every((offset, partition) => positionAt(positions, partition) >= offset);
}
