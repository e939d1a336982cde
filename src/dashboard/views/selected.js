import { h } from '../build.js';
import { count } from '../format.js';
import { LABELS } from '../bulk/bulk-buttons.js';

/** @typedef {import('../bulk/bulk-run.js').BulkRequest} BulkRequest */
/** @typedef {import('../bulk/bulk-run.js').Verb} Verb */

const VERBS = /** @type {const} */ (['replay', 'discard']);

/** Which dead letters of a page are ticked, and the buttons that act on them or on all that match the filter. */
export class Selected {
  bar;
  #filter;
  #act;
  /** @type {Set<number>} */
  #ids = new Set();
  /** @type {Map<number, HTMLInputElement>} */
  #boxes = new Map();
  #all = /** @type {HTMLInputElement} */ (
    h('input', { type: 'checkbox', id: 'select-all', change: () => this.#tickAll(this.#all.checked) })
  );
  #buttons;

  /** @param {{filter: Record<string, string>, act: (request: BulkRequest) => void}} options */
  constructor({ filter, act }) {
    this.#filter = filter;
    this.#act = act;
    this.#buttons = VERBS.flatMap((verb) => [this.#button(verb, 'selected'), this.#button(verb, 'all')]);
    const choice = h('label', { class: 'choice' }, this.#all, 'Select this page');
    this.bar = h(
      'div',
      { class: 'bar', role: 'group', 'aria-label': 'Replay or discard' },
      choice,
      ...this.#buttons,
    );
    this.#label(0);
  }

  get isEmpty() {
    return this.#ids.size === 0;
  }

  /**
   * Forgets what is no longer on the page.
   * @param {readonly {id: number}[]} data
   * @param {Record<string, number>} reasons
   */
  show(data, reasons) {
    const shown = new Set(data.map(({ id }) => id));
    for (const id of this.#boxes.keys()) {
      if (shown.has(id)) continue;
      this.#boxes.delete(id);
      this.#ids.delete(id);
    }
    this.#label(Object.values(reasons).reduce((sum, number) => sum + number, 0));
  }

  /** @param {number} id */
  checkbox(id) {
    const known = this.#boxes.get(id);
    // The page keeps the first one; another is built on each refresh only to be compared with it.
    const box = /** @type {HTMLInputElement} */ (
      h('input', { type: 'checkbox', 'aria-label': `Select dead letter ${id}`, 'data-key': `select-${id}` })
    );
    if (known !== undefined) return box;
    box.addEventListener('change', () => this.#tick(id, box.checked));
    this.#boxes.set(id, box);
    return box;
  }

  /**
   * @param {number} id
   * @param {boolean} isTicked
   */
  #tick(id, isTicked) {
    if (isTicked) this.#ids.add(id);
    else this.#ids.delete(id);
    this.#label();
  }

  /** @param {boolean} isTicked */
  #tickAll(isTicked) {
    for (const [id, box] of this.#boxes) {
      box.checked = isTicked;
      this.#tick(id, isTicked);
    }
  }

  #matching = 0;

  /** @param {number} [matching] how many match the filter */
  #label(matching = this.#matching) {
    this.#matching = matching;
    const isAll = this.#boxes.size > 0 && this.#ids.size === this.#boxes.size;
    this.#all.checked = isAll;
    this.#all.indeterminate = !isAll && this.#ids.size > 0;
    for (const button of this.#buttons) {
      const verb = /** @type {Verb} */ (button.dataset.verb);
      const isSelection = button.dataset.target === 'selected';
      const number = isSelection ? this.#ids.size : matching;
      const text = `${LABELS[verb]} ${isSelection ? `selected (${count(number)})` : 'all that match'}…`;
      if (button.textContent !== text) button.textContent = text;
      button.disabled = number === 0;
    }
  }

  /**
   * @param {Verb} verb
   * @param {'selected' | 'all'} target
   */
  #button(verb, target) {
    const click = () =>
      this.#act({ verb, ...(target === 'selected' ? this.#selection() : this.#everything()) });
    const attributes = {
      type: 'button',
      'data-verb': verb,
      'data-target': target,
      'aria-haspopup': 'dialog',
      click,
    };
    return /** @type {HTMLButtonElement} */ (h('button', attributes));
  }

  #selection() {
    const ids = [...this.#ids].sort((one, other) => one - other);
    return {
      selection: { ids },
      what: ids.length === 1 ? `dead letter #${ids[0] ?? ''}` : 'the selected dead letters',
    };
  }

  /** Without a state the service takes the open ones. */
  #everything() {
    const filters = Object.entries(this.#filter).map(([name, value]) => `${name} ${value}`);
    const what = `all ${this.#filter.state ?? 'open'} dead letters${filters.length === 0 ? '' : ` with ${filters.join(', ')}`}`;
    return { selection: { filter: this.#filter }, what };
  }
}
