import { may } from './allowed.js';
import { BulkDialog } from './bulk/bulk-dialog.js';
import { element, setText } from './elements.js';
import { explain } from './explain.js';
import { Times } from './parts/times.js';
import { patch } from './patch.js';
import { Poll } from './poll.js';
import { Ticker } from './ticker.js';
import { VIEWS } from './views/index.js';

/** @typedef {import('./routes.js').Route} Route */
/** @typedef {import('./session.js').Principal} Principal */
/** @typedef {import('./views/view.js').View} View */
/** @typedef {import('./bulk/bulk-run.js').BulkRequest} BulkRequest */

/**
 * @typedef {object} ViewHostOptions
 * @property {import('./api.js').Api} api
 * @property {import('./server-clock.js').ServerClock} clock
 * @property {(href: string) => void} go
 * @property {(href: string) => void} replace
 */

/** Shows the view of a route below `#view` and keeps it up to date while started. */
export class ViewHost {
  #options;
  #ticker;
  #times;
  /** @type {Poll | undefined} */
  #poll;
  /** @type {BulkDialog | undefined} */
  #dialog;

  /** @param {ViewHostOptions} options */
  constructor(options) {
    this.#options = options;
    this.#ticker = new Ticker(options.clock);
    this.#times = new Times(options.clock);
    element('view-retry').addEventListener('click', () => this.#poll?.restart());
  }

  /**
   * @param {Route} route of another view than the overview
   * @param {Principal} principal
   * @returns {string} the title
   */
  open(route, principal) {
    this.clear();
    const view = VIEWS[route.name]({
      route,
      principal,
      api: this.#options.api,
      times: this.#times,
      go: this.#options.go,
      replace: this.#options.replace,
      act: (request) => this.#act(request),
    });
    setText('view-title', view.title);
    setText('view-lead', view.lead);
    const lacking = view.scopes.filter((scope) => !may(principal, scope));
    if (lacking.length > 0) {
      this.#showProblem(deniedText(lacking, principal), false);
      return view.title;
    }
    element('view-controls').replaceChildren(...(view.controls ?? []));
    this.#poll = this.#pollOf(view);
    return view.title;
  }

  start() {
    this.#poll?.start();
    this.#ticker.start();
  }

  stop() {
    this.#poll?.stop();
    this.#ticker.stop();
  }

  /** Removes the view and what it showed. */
  clear() {
    this.stop();
    this.#poll = undefined;
    this.#dialog?.close();
    for (const id of ['view-controls', 'view-body']) element(id).replaceChildren();
    for (const id of ['view-title', 'view-lead']) setText(id, '');
    this.#showProblem('', false);
    element('view').removeAttribute('aria-busy');
  }

  /** @param {View} view */
  #pollOf(view) {
    const body = element('view-body');
    const place = element('view');
    place.setAttribute('aria-busy', 'true');
    return new Poll({
      read: async (signal) => {
        const nodes = await view.read(signal);
        if (!signal.aborted) patch(body, nodes);
      },
      intervalMs: () => view.intervalMs?.(),
      onSuccess: () => {
        place.removeAttribute('aria-busy');
        this.#showProblem('', false);
      },
      onProblem: (problem, waitMs) => {
        place.removeAttribute('aria-busy');
        const stale = body.hasChildNodes() ? ' What you see below may be old.' : '';
        this.#showProblem(
          `${(problem.status === 404 && view.notFound) || explain(problem, waitMs)}${stale}`,
          problem.status !== 404 && problem.status !== 403,
        );
      },
    });
  }

  /**
   * @param {string} text empty: none
   * @param {boolean} mayRetry
   */
  #showProblem(text, mayRetry) {
    setText('view-problem-text', text);
    element('view-problem').hidden = text === '';
    element('view-retry').hidden = !mayRetry;
    element('view').toggleAttribute('data-stale', text !== '');
  }

  /** @param {BulkRequest} request */
  #act(request) {
    const opener = document.activeElement;
    const dialog = new BulkDialog(this.#options.api, request, () => {
      this.#dialog = undefined;
      this.#poll?.restart();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    });
    this.#dialog = dialog;
    void dialog.open();
  }
}

/**
 * @param {readonly string[]} lacking
 * @param {Principal} principal
 */
function deniedText(lacking, { name, scopes, customerId, merchantId }) {
  const scope = lacking.join(' and ');
  const hasScopes = lacking.every((needed) => scopes.includes(needed));
  if (hasScopes && (customerId ?? merchantId) !== undefined)
    return `This view is for callers who may use all orders. You are signed in as ${name}, who may use only its own.`;
  return `This view needs the scope ${scope}. You are signed in as ${name}, who does not have it. Sign in with a token or key that does.`;
}
