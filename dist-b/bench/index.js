/** The whole suite, one benchmark after the other; each also runs alone, see bench/README.md. */
await import("./accept.js");
await import("./drain.js");
await import("./backlog.js");
export {};
//# sourceMappingURL=index.js.map