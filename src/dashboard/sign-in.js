import { element, setText } from './elements.js';

/** The dialog that asks for a token or an API key. */
export class SignIn {
  #dialog = /** @type {HTMLDialogElement} */ (element('sign-in'));
  #token = /** @type {HTMLInputElement} */ (element('token'));
  #keep = /** @type {HTMLInputElement} */ (element('keep-token'));
  #session;

  /** @param {import('./session.js').Session} session */
  constructor(session) {
    this.#session = session;
    element('sign-in-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    element('show-token').addEventListener('click', () => this.#show(this.#token.type === 'password'));
    element('not-now').addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('close', () => this.#clear());
  }

  /** @param {string} reason why the page asks again; empty: no reason */
  open(reason) {
    if (this.#dialog.open) return;
    this.#problem(reason);
    this.#dialog.showModal();
    this.#token.focus();
  }

  close() {
    this.#dialog.close();
  }

  async #submit() {
    const button = /** @type {HTMLButtonElement} */ (element('sign-in-submit'));
    button.disabled = true;
    try {
      this.#problem(await this.#session.signIn(this.#token.value, this.#keep.checked));
    } finally {
      button.disabled = false;
    }
    if (this.#dialog.open) this.#token.select();
  }

  /** @param {boolean} isShown */
  #show(isShown) {
    this.#token.type = isShown ? 'text' : 'password';
    setText('show-token', isShown ? 'Hide' : 'Show');
  }

  #clear() {
    this.#token.value = '';
    this.#show(false);
  }

  /** @param {string} text empty: none */
  #problem(text) {
    setText('sign-in-problem', text);
    element('sign-in-problem').hidden = text === '';
  }
}
