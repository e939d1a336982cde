import { destination, pino } from 'pino';
/** One line of JSON an event on stdout; normal operation is silent above `debug`. */
export function createLogger(level) {
    // Written at once: lines that wait for a turn of the event loop come in the wrong order when the process ends.
    return pino({ level, base: { pid: process.pid } }, destination({ dest: 1, sync: true }));
}
//# sourceMappingURL=logger.js.map