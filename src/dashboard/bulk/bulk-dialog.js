import { RequestProblem } from '../api.js';
import { h } from '../build.js';
import { explain } from '../explain.js';
import { LABELS } from './bulk-buttons.js';
import { dryRun, runBulk } from './bulk-run.js';
import { confirmation, dryRunText, effectText, resultText } from './bulk-words.js';

/** @typedef {import('./bulk-run.js').BulkRequest} BulkRequest */
/** @typedef {import('./bulk-run.js').Tally} Tally */

/** Low, because replays and live orders share the pipeline. */
const DEFAULT_RATE = 100;

const STOPPED = 'Stopped; the last ones may not be counted.';

/**
 * Makes a dry run, asks the reader to type a word or the count, acts, and shows progress and result. Esc stops it, and closes it when nothing runs.
 */
export class BulkDialog {
  #api;
  #request;
  #onClose;
  #stopped = new AbortController();
  #tally = /** @type {Tally} */ ({ matched: 0, done: 0, skipped: 0, refused: [] });
  #expected = '';
  #isRunning = false;
  #status = h('p', { id: 'bulk-status', role: 'status' }, 'Dry run…');
  #progress = /** @type {HTMLProgressElement} */ (h('progress', { 'aria-label': 'Progress', hidden: true }));
  #refused = h('ul', { class: 'refused', hidden: true });
  #typed = /** @type {HTMLInputElement} */ (
    h('input', { id: 'bulk-typed', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' })
  );
  #rate = /** @type {HTMLInputElement} */ (
    h('input', { id: 'bulk-rate', type: 'number', min: '1', max: '10000', value: String(DEFAULT_RATE) })
  );
  #prompt = h('label', { for: 'bulk-typed' });
  #fields;
  #submit;
  #close = h('button', { type: 'button', click: () => this.#leave() }, 'Cancel');
  #dialog;

  /**
   * @param {import('../api.js').Api} api
   * @param {BulkRequest} request
   * @param {() => void} onClose
   */
  constructor(api, request, onClose) {
    this.#api = api;
    this.#request = request;
    this.#onClose = onClose;
    const { verb, what } = request;
    this.#submit = /** @type {HTMLButtonElement} */ (
      h(
        'button',
        { type: 'submit', class: verb === 'discard' ? 'danger' : 'primary', disabled: true },
        LABELS[verb],
      )
    );
    this.#fields = h(
      'div',
      { class: 'confirm', hidden: true },
      h('div', {}, this.#prompt, this.#typed),
      h('div', {}, h('label', { for: 'bulk-rate' }, 'Dead letters per second'), this.#rate),
    );
    this.#typed.addEventListener('input', () => this.#allow());
    const form = h(
      'form',
      { novalidate: true, submit: (event) => this.#submitted(event) },
      h('h2', { id: 'bulk-title' }, `${LABELS[verb]} ${what}`),
      h('p', { class: 'note' }, effectText(verb)),
      this.#status,
      this.#progress,
      this.#refused,
      this.#fields,
      h('div', { class: 'choices' }, this.#submit, this.#close),
    );
    this.#dialog = /** @type {HTMLDialogElement} */ (
      h('dialog', { class: 'bulk', 'aria-labelledby': 'bulk-title', 'aria-describedby': 'bulk-status' }, form)
    );
    this.#dialog.addEventListener('cancel', (event) => {
      if (this.#isRunning) event.preventDefault();
      this.#leave();
    });
    this.#dialog.addEventListener('close', () => this.#closed());
  }

  /** Shows it and makes the dry run. */
  async open() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#close.focus();
    await this.#attempt(async (signal) => {
      const result = await dryRun(this.#api, this.#request, signal);
      this.#status.textContent = dryRunText(this.#request.verb, result);
      if (result.matched === result.skipped) return;
      this.#expected = confirmation(this.#request.verb, result);
      this.#prompt.textContent = `Type ${this.#expected} to confirm`;
      this.#progress.max = result.matched;
      this.#fields.hidden = false;
      this.#typed.focus();
    });
  }

  close() {
    this.#dialog.close();
  }

  #leave() {
    if (this.#isRunning) this.#stopped.abort();
    else this.#dialog.close();
  }

  #allow() {
    this.#submit.disabled =
      this.#expected === '' || this.#typed.value.trim().toLowerCase() !== this.#expected;
  }

  /** @param {Event} event */
  #submitted(event) {
    event.preventDefault();
    if (!this.#submit.disabled) void this.#run();
  }

  async #run() {
    const { verb } = this.#request;
    this.#expected = '';
    this.#allow();
    this.#fields.hidden = true;
    this.#isRunning = true;
    this.#progress.hidden = false;
    this.#progress.value = 0;
    this.#close.textContent = 'Stop';
    this.#close.focus();
    const ratePerSecond = Math.min(10_000, Math.max(1, Math.floor(Number(this.#rate.value)) || DEFAULT_RATE));
    await this.#attempt(async (signal) => {
      this.#status.textContent = 'Working…';
      await runBulk(this.#api, { ...this.#request, ratePerSecond }, signal, (tally) => this.#show(tally));
      this.#status.textContent = resultText(verb, this.#tally);
    });
    this.#isRunning = false;
    this.#submit.hidden = true;
    this.#progress.hidden = true;
    this.#close.textContent = 'Close';
  }

  /** @param {Tally} tally */
  #show(tally) {
    this.#tally = tally;
    this.#progress.value = tally.matched;
    this.#refused.hidden = tally.refused.length === 0;
    this.#refused.replaceChildren(...tally.refused.map(({ id, reason }) => h('li', {}, `#${id}: ${reason}`)));
  }

  /** @param {(signal: AbortSignal) => Promise<void>} act */
  async #attempt(act) {
    try {
      await act(this.#stopped.signal);
    } catch (error) {
      if (!(error instanceof RequestProblem)) throw error;
      const end = this.#stopped.signal.aborted ? STOPPED : explain(error.problem, undefined);
      this.#status.textContent = resultText(this.#request.verb, this.#tally, end);
    }
  }

  #closed() {
    this.#stopped.abort();
    this.#dialog.remove();
    this.#onClose();
  }
}
