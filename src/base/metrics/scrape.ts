import { Registry } from 'prom-client';

/** Sets gauges to their values of now. It must not throw, and must not take long: a scrape waits for it. */
export type Collect = () => void | Promise<void>;

/** A registry that calls its collectors before each read. */
export class ScrapedRegistry extends Registry {
  readonly #collects: Collect[] = [];

  /** Calls `collect` before every read. */
  onScrape(collect: Collect): void {
    this.#collects.push(collect);
  }

  override async metrics(): Promise<string> {
    await this.#collect();
    return super.metrics();
  }

  override async getMetricsAsJSON(): ReturnType<Registry['getMetricsAsJSON']> {
    await this.#collect();
    return super.getMetricsAsJSON();
  }

  async #collect(): Promise<void> {
    await Promise.all(this.#collects.map(async (collect) => collect()));
  }
}
