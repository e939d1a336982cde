export {};
//# sourceMappingURL=store-under-test.js.map