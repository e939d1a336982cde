import type { Principal } from './principal.ts';

/**
 * The token that each connection sent last, with its principal. Most clients send the same token again, and comparing it costs a
 * tenth of hashing it. A token is held no longer than its connection.
 */
export class LastTokens {
  readonly #last = new WeakMap<object, { authorization: string; principal: Principal }>();

  /** The principal, if the connection sends the same again. It may have expired since. */
  find(connection: object, authorization: string): Principal | undefined {
    const last = this.#last.get(connection);
    return last?.authorization === authorization ? last.principal : undefined;
  }

  note(connection: object, authorization: string, principal: Principal): void {
    this.#last.set(connection, { authorization, principal });
  }
}
