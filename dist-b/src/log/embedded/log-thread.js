import { parentPort, workerData } from 'node:worker_threads';
import { LogServer } from "./log-server.js";
if (parentPort === null)
    throw new Error('log-thread is the entry of a worker thread.');
const port = parentPort;
const server = new LogServer(workerData, (message, transfer) => port.postMessage(message, transfer));
port.on('message', (message) => {
    if (message.kind !== 'close') {
        server.receive(message);
        return;
    }
    server.close();
    port.close();
});
//# sourceMappingURL=log-thread.js.map