export {};
//# sourceMappingURL=order-store.js.map