import { withProgress } from './progress.ts';

/** Repeats a measurement and shows the progress. */
export function inRounds(rounds: number, measure: (round: number) => Promise<void>): Promise<void> {
  return withProgress(async (update) => {
    for (let round = 1; round <= rounds; round += 1) {
      update((round - 1) / rounds, `round ${round} of ${rounds}`);
      await measure(round);
    }
    update(1, `${rounds} rounds`);
  });
}

/**
 * Takes one sample of each per round. The order alternates, because the second one finds the disk busy with the writes of
 * the first.
 */
export async function alternate<Sample>(
  rounds: number,
  reference: () => Promise<Sample>,
  ours: () => Promise<Sample>,
): Promise<{ reference: Sample[]; ours: Sample[] }> {
  const samples = { reference: [] as Sample[], ours: [] as Sample[] };
  const both = [
    async () => samples.reference.push(await reference()),
    async () => samples.ours.push(await ours()),
  ];
  await inRounds(rounds, async (round) => {
    for (const take of round % 2 === 0 ? both : both.toReversed()) await take();
  });
  return samples;
}
