import { Channel } from '../../../src/app/processes/channel.ts';

/**
 * A process for the supervisor to supervise. Its argument says what it does when it is ready: `serve` until SIGTERM, `crash`, be
 * `stuck`, or `refuse` to be ready at all.
 */
const [, , behaviour] = process.argv;
if (behaviour === 'refuse') process.exit(1);

process.on('SIGTERM', () => process.exit(0));
const channel = new Channel(
  {
    send: (message, callback) => process.send?.(message, undefined, undefined, callback),
    onMessage: (listener) => process.on('message', listener),
  },
  { alive: () => true, metrics: () => [] },
);
await channel.ask('ready', 30_000, { http: `http://${process.pid}` });
if (behaviour === 'crash') process.exit(1);
while (behaviour === 'stuck') Math.random();
