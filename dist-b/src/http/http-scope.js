export {};
//# sourceMappingURL=http-scope.js.map