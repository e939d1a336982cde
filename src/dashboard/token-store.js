const KEY = 'order-system.token';

/** The token of this tab, in `sessionStorage`: it survives a reload and ends with the tab. */
export const tokenStore = {
  /** @returns {string | undefined} */
  read() {
    try {
      return sessionStorage.getItem(KEY) ?? undefined;
    } catch {
      // The browser allows the page no storage: the token is only in memory.
      return undefined;
    }
  },

  /** @param {string | undefined} token undefined removes it */
  write(token) {
    try {
      if (token === undefined) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, token);
    } catch {
      // As above.
    }
  },
};
