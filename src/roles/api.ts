import { systemClock } from '../base/clock.ts';
import { createDeadLetters, type DeadLetters } from '../intake/dead-letters.ts';
import { createIntake, type Intake } from '../intake/intake.ts';
import { TOPICS } from '../log/event-log.ts';
import { DeadLetterDesk } from '../pool/dead-letter-desk.ts';
import type { Shared } from './shared.ts';

export interface Api {
  intake: Intake;
  deadLetters: DeadLetters;
}

/** The half of the service that takes requests: the intake, and the feed that tells it what became of the orders. */
export async function startApi(shared: Shared): Promise<Api> {
  const { config, lifecycle, log, reader, writeTurn, codec, hub } = shared;
  if (config.eventLog === 'kafka') {
    const feed = await log.follow(TOPICS.status, (records) => hub.publish(records));
    lifecycle.opened('status feed', () => feed.stop());
  }
  const desk = new DeadLetterDesk({ store: config.database, writeTurn });
  lifecycle.opened('dead letters', () => desk.close());
  const { replayLimit } = config;
  return {
    intake: createIntake({ log, reader, hub, codec, clock: systemClock }),
    deadLetters: createDeadLetters({ store: desk, log, replayLimit, clock: systemClock }),
  };
}
