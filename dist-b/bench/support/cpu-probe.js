/** Loaded into a measured process by `--import`: tells its CPU time and memory when its parent asks. */
process.on('message', (message) => {
    if (message === 'usage')
        process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() });
});
export {};
//# sourceMappingURL=cpu-probe.js.map