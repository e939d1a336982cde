/** The whole suite, one benchmark after the other; each also runs alone, see bench/README.md. */
await import('./accept.ts');
await import('./drain.ts');
await import('./drain-postgres.ts');
await import('./two-workers.ts');
await import('./failures.ts');
await import('./stored-orders.ts');
await import('./watchers.ts');
await import('./latency.ts');
await import('./backlog.ts');
