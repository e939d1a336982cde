import { pause } from '../pause.ts';
import type { SmallDisk } from '../small-disk.ts';
import type { Fault } from './fault.ts';

/** No free page on the disk of the store or of the log. */
export function fillDisk(kind: 'fill-store-disk' | 'fill-log-disk', disk: SmallDisk): Fault {
  return {
    kind,
    async inject({ durationMs }, signal) {
      try {
        await disk.fill();
        await pause(durationMs, signal);
      } finally {
        await disk.free();
      }
    },
  };
}
