/** An API key as it is stored: without its secret. Times are milliseconds since the epoch. */
export interface StoredApiKey {
  /** public part of the key */
  id: string;
  /** SHA-256 of the secret part, in hexadecimal */
  hash: string;
  /** what the key is for, in words */
  name: string;
  /** who uses the key; several keys may have one owner */
  owner: string;
  /** the access of the key: at most one of the two is not null; with neither, all orders */
  customerId: string | null;
  merchantId: string | null;
  scopes: string[];
  createdAt: number;
  /** null: never */
  expiresAt: number | null;
  revokedAt: number | null;
}

/** For the authentication of requests. All methods throw ServiceError `store-unavailable`, `overloaded`. */
export interface ApiKeyReader {
  find(id: string): Promise<StoredApiKey | undefined>;
  /** Which of these keys exist and are not revoked. They may have expired. */
  findActive(ids: readonly string[]): Promise<Set<string>>;
  close(): Promise<void>;
}

/** For the commands that manage keys. All methods throw ServiceError `store-unavailable`. */
export interface ApiKeyStore extends ApiKeyReader {
  /** @throws ServiceError `store-refused` if the id exists */
  create(key: StoredApiKey): Promise<void>;
  /** All keys, oldest first. */
  list(): Promise<StoredApiKey[]>;
  /** The key after it was revoked, now or earlier; undefined if there is none. */
  revoke(id: string, at: number): Promise<StoredApiKey | undefined>;
}
