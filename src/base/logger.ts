import { destination, pino, stdSerializers, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/** Logs one line per event to stdout, as JSON unless a stream formats it. Normal operation is silent above `debug`. */
export function createLogger(level: string, stream: DestinationStream = standardOutput()): Logger {
  // The default serializer would append the cause's message to a message that already contains it.
  const serializers = { err: stdSerializers.errWithCause };
  return pino({ level, base: { pid: process.pid }, serializers }, stream);
}

/** Writes synchronously: buffered lines would be lost or out of order when the process ends. */
function standardOutput(): DestinationStream {
  return destination({ dest: 1, sync: true });
}
