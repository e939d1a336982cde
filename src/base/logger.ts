import { pino, type Logger } from 'pino';

export type { Logger };

/** One line of JSON an event on stdout; normal operation is silent above `debug`. */
export function createLogger(level: string): Logger {
  return pino({ level, base: { pid: process.pid } });
}
