import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fillLog } from "./support/fill-log.js";
import { MeasuredProcess } from "./support/measured-process.js";
import { machineLine } from "./support/report.js";
/**
 * What a backlog costs in memory: the resident size of the whole service while it drains a short and a long backlog,
 * and while it holds few and many open connections. It must follow neither.
 */
const { values } = parseArgs({
    options: {
        short: { type: 'string', default: '100000' },
        long: { type: 'string', default: '1000000' },
        connections: { type: 'string', default: '10000' },
    },
});
const main = new URL('../src/main.js', import.meta.url);
const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
console.log(`\nMemory of the service (--role all, embedded log, SQLite)\n${machineLine()}`);
try {
    for (const backlog of [Number(values.short), Number(values.long)])
        await drain(backlog);
    await holdConnections(Number(values.connections));
}
finally {
    await rm(folder, { recursive: true, force: true });
}
async function drain(backlog) {
    const data = join(folder, `backlog-${backlog}`);
    await fillLog(data, backlog);
    const startedAt = performance.now();
    const service = await MeasuredProcess.start(main, ['serve'], environment(data));
    const sizes = [];
    while ((await processed(service)) < backlog) {
        sizes.push((await service.usage()).rssBytes);
        if (process.stderr.isTTY)
            process.stderr.write(`\r${await processed(service)} of ${backlog} `);
        await delay(250);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const sorted = sizes.sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
    console.log(`  draining ${backlog} records: RSS median ${megabytes(middle)}, highest ${megabytes(sorted.at(-1) ?? 0)}, ` +
        `${(backlog / seconds).toFixed(0)} orders/s with the start`);
    await service.stop();
    await rm(data, { recursive: true });
}
async function holdConnections(count) {
    const service = await MeasuredProcess.start(main, ['serve'], environment(join(folder, 'connections')));
    const { port, hostname } = new URL(service.url);
    const before = (await service.usage()).rssBytes;
    const sockets = [];
    for (let opened = 0; opened < count; opened += 500) {
        const more = Array.from({ length: Math.min(500, count - opened) }, () => connect(Number(port), hostname));
        await Promise.all(more.map(askOnce));
        sockets.push(...more);
    }
    const answered = await fetch(`${service.url}/livez`);
    const after = (await service.usage()).rssBytes;
    const open = sockets.filter((socket) => !socket.destroyed).length;
    console.log(`  ${open} open connections: RSS ${megabytes(before)} without, ${megabytes(after)} with them ` +
        `(${((after - before) / 1024 / count).toFixed(1)} KiB each), another client is answered ${answered.status}`);
    for (const socket of sockets)
        socket.destroy();
    await service.stop();
}
/** One request over a connection that then stays open. */
async function askOnce(socket) {
    await once(socket, 'connect');
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
}
function environment(data) {
    return { PORT: '0', GRPC_PORT: '0', DATA_DIR: data };
}
async function processed(service) {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    return Number(/orders_records_processed_total\{outcome="placed"\} (\d+)/.exec(text)?.[1] ?? 0);
}
//# sourceMappingURL=backlog.js.map