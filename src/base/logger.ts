import { destination, pino, type Logger } from 'pino';

export type { Logger };

/** One line of JSON an event on stdout; normal operation is silent above `debug`. */
export function createLogger(level: string): Logger {
  // Written at once: lines that wait for a turn of the event loop come in the wrong order when the process ends.
  return pino({ level, base: { pid: process.pid } }, destination({ dest: 1, sync: true }));
}
