import { connect, createServer } from 'node:net';
import { hasErrno, LocalKafkaError } from "./errors.js";
export const HOST = '127.0.0.1';
/** Replaces 0 by a free port and makes sure that nothing else sits on the others. */
export async function claimPorts({ port, controllerPort }) {
    const first = await hold(port);
    try {
        const second = await hold(controllerPort);
        await second.release();
        return { port: first.port, controllerPort: second.port };
    }
    finally {
        await first.release();
    }
}
export function acceptsConnections(port) {
    return new Promise((resolve) => {
        const socket = connect({ host: HOST, port });
        const settle = (accepted) => {
            socket.destroy();
            resolve(accepted);
        };
        socket.setTimeout(1_000, () => settle(false));
        socket.once('connect', () => settle(true)).once('error', () => settle(false));
    });
}
function hold(port) {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.once('error', (error) => {
            const taken = hasErrno(error, 'EADDRINUSE');
            const message = `Another program listens on ${HOST}:${port}; end it or set KAFKA_PORT to a free port`;
            reject(taken ? new LocalKafkaError('port-taken', message, error) : error);
        });
        server.listen(port, HOST, () => {
            const { port: bound } = server.address();
            resolve({ port: bound, release: () => new Promise((released) => server.close(() => released())) });
        });
    });
}
//# sourceMappingURL=ports.js.map