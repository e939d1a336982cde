/** Loaded into a measured process by `--import`: reports its CPU time and memory to the parent on request. */
process.on('message', (message) => {
  if (message === 'usage') process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() });
});
