import type { Browser, Locator, Page } from 'playwright-core';
import type { Test } from 'tap';

/** Generous: a busy machine is slow, not wrong. */
const DEADLINE_MS = 60_000;

/** Chromium's messages when the server is down or shutting down. */
const OUTAGE_ERROR = /net::ERR_|Failed to load resource|status of 503/;

/** The dashboard in a browser, with the errors that it caused. */
export class DashboardPage {
  readonly page: Page;
  /** of the console and the script, including Content-Security-Policy violations */
  readonly errors: string[] = [];
  /** requests to other hosts */
  readonly foreignRequests: string[] = [];
  /** page loads */
  loads = 0;
  readonly #origin: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#origin = new URL(url).origin;
  }

  static async open(
    t: Test,
    browser: Browser,
    url: string,
    options: { colorScheme?: 'light' | 'dark'; viewport?: { width: number; height: number } } = {},
  ): Promise<DashboardPage> {
    const page = await browser.newPage({ viewport: { width: 1360, height: 1000 }, ...options });
    t.teardown(() => page.close());
    page.setDefaultTimeout(DEADLINE_MS);
    const dashboard = new DashboardPage(page, url);
    dashboard.#watch();
    await page.goto(url);
    await dashboard.becomes('#connection', 'Live');
    return dashboard;
  }

  /** Opens a view as a link does. @param hash such as `#/replicas` */
  async goTo(hash: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  }

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }

  /** Waits until the element has this text. */
  async becomes(selector: string, text: string | RegExp): Promise<void> {
    await this.#with(selector, text).waitFor();
  }

  /** No errors, except those of an outage, and no requests to other hosts. */
  assertClean(t: Test, { hadOutage = false } = {}): void {
    t.same(
      this.errors.filter((error) => !(hadOutage && OUTAGE_ERROR.test(error))),
      [],
      'no error',
    );
    t.same(this.foreignRequests, [], 'no request to any other host');
  }

  #with(selector: string, text: string | RegExp): Locator {
    return this.page.locator(selector).filter({ hasText: text });
  }

  #watch(): void {
    this.page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.errors.push(message.text());
    });
    this.page.on('pageerror', (error) => this.errors.push(String(error)));
    this.page.on('request', (request) => {
      const isOurs = request.url().startsWith(this.#origin) || request.url().startsWith('data:');
      if (!isOurs) this.foreignRequests.push(request.url());
    });
    this.page.on('load', () => (this.loads += 1));
  }
}
