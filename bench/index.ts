/** The whole suite, one benchmark after the other; each also runs alone, see bench/README.md. */
await import('./accept.ts');
await import('./drain.ts');
await import('./failures.ts');
await import('./backlog.ts');
