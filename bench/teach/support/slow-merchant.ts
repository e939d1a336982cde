import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A merchant's server, which processors call: it works on 32 requests at once, each for 10 ms, and queues the others. Like most
 * servers, it does not notice that a caller has given up.
 */
const AT_ONCE = 32;
const WORK_MS = 10;

const waiting: ServerResponse[] = [];
let working = 0;

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    waiting.push(response);
    startWork();
  });
});

function startWork(): void {
  while (working < AT_ONCE) {
    const response = waiting.shift();
    if (response === undefined) return;
    working += 1;
    setTimeout(() => {
      working -= 1;
      response.end('{"status":"confirmed"}');
      startWork();
    }, WORK_MS);
  }
}

process.once('SIGTERM', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
