/** The contract's lifecycle, spelled out apart from the code that has to keep it. */
export const LEGAL_STEPS = new Set([
    'accepted > confirmed',
    'accepted > rejected',
    'accepted > failed',
    'accepted > cancelled',
    'confirmed > preparing',
    'confirmed > cancelled',
    'preparing > dispatched',
    'preparing > cancelled',
    'dispatched > delivered',
    'failed > confirmed',
]);
//# sourceMappingURL=legal-steps.js.map