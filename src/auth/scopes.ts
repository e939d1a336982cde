/** The operations that credentials allow, see auth/rules.ts. `OrderAccess` says for which orders. */
export const SCOPES = [
  'orders:create',
  'orders:read',
  'orders:transition',
  'dead-letters:read',
  'dead-letters:write',
  'stats:read',
] as const;

export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
