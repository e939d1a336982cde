import { open } from 'node:fs/promises';

/**
 * Syncs a growing file to disk again and again while another thread writes it, so that the writer's own sync at the end is
 * short: it blocks everything else that the thread does.
 */
export class BackgroundSync {
  readonly #path: string;
  #syncing: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Call it after a write. Starts a sync unless one is in progress. */
  written(): void {
    this.#syncing ??= this.#sync().finally(() => (this.#syncing = undefined));
  }

  /** Resolves when no sync is in progress. */
  async close(): Promise<void> {
    await this.#syncing;
  }

  /** A failure shows again, and is reported, when the writer syncs. */
  async #sync(): Promise<void> {
    const handle = await open(this.#path, 'r').catch(() => undefined);
    await handle?.datasync().catch(() => undefined);
    await handle?.close();
  }
}
