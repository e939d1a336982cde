import { systemClock } from '../base/clock.ts';
import { createIntake, type Intake } from '../intake/intake.ts';
import { TOPICS } from '../log/event-log.ts';
import type { Shared } from './shared.ts';

/** The half of the service that takes requests: the intake, and the feed that tells it what became of the orders. */
export async function startApi({ config, lifecycle, log, reader, codec, hub }: Shared): Promise<Intake> {
  if (config.eventLog === 'kafka') {
    const feed = await log.follow(TOPICS.status, (records) => hub.publish(records));
    lifecycle.opened('status feed', () => feed.stop());
  }
  return createIntake({ log, reader, hub, codec, clock: systemClock });
}
