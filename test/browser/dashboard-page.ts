import type { Browser, Locator, Page } from 'playwright-core';
import type { Test } from 'tap';

/** Far more than anything takes: a machine that is busy with other tests is slow, not wrong. */
const DEADLINE_MS = 60_000;

/** What Chromium itself says of a request that met no server, or one that was shutting down. */
const OF_THE_CUT = /net::ERR_|Failed to load resource|status of 503/;

/** The dashboard in a browser, and what went wrong on it. */
export class DashboardPage {
  readonly page: Page;
  /** errors of the console and of the program, refusals of the Content-Security-Policy among them */
  readonly errors: string[] = [];
  /** requests to anybody but the service */
  readonly strangers: string[] = [];
  /** documents that were loaded */
  loads = 0;
  readonly #url: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  static async open(
    t: Test,
    browser: Browser,
    url: string,
    options: { colorScheme?: 'light' | 'dark' } = {},
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

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }

  /** Waits until the element has this text. */
  async becomes(selector: string, text: string | RegExp): Promise<void> {
    await this.#with(selector, text).waitFor();
  }

  /** Nothing went wrong but what a cut brings with it, and nobody else was asked for anything. */
  isClean(t: Test, { wasCut = false } = {}): void {
    t.same(
      this.errors.filter((error) => !(wasCut && OF_THE_CUT.test(error))),
      [],
      'no error',
    );
    t.same(this.strangers, [], 'no request to any other host');
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
      const isOurs = request.url().startsWith(this.#url) || request.url().startsWith('data:');
      if (!isOurs) this.strangers.push(request.url());
    });
    this.page.on('load', () => (this.loads += 1));
  }
}
