import { parentPort, workerData } from 'node:worker_threads';
import { LogServer } from './log-server.ts';
import type { OpenOptions, ToThread } from './protocol.ts';

if (parentPort === null) throw new Error('log-thread must run as a worker thread.');
const port = parentPort;
const server = new LogServer(workerData as OpenOptions, (message, transfer) => {
  port.postMessage(message, transfer);
});

port.on('message', (message: ToThread) => {
  if (message.kind === 'call') {
    server.receive(message);
    return;
  }
  server.close();
  port.close();
});
