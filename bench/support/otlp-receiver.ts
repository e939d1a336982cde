import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A process that takes what it is sent over OTLP/HTTP and throws it away; GET answers how many bytes that were. A process of its
 * own, so that it does not slow down the load.
 */
let bytes = 0;
const server = createServer((request, response) => {
  request.on('data', (chunk: Buffer) => (bytes += chunk.length));
  request.on('end', () => response.end(request.method === 'GET' ? String(bytes) : ''));
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => process.exit(0));
