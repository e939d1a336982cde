/** The lifecycle of the contract, written down independently of the code. */
export const LEGAL_STEPS: ReadonlySet<string> = new Set([
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
