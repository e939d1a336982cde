/** How the service reacted to an attack. */
export interface TallyReport {
  /** hostile requests; connections where the attack sends no whole request */
  requests: number;
  /** status, or how the request ended otherwise → how often */
  answers: Record<string, number>;
  /** what the service must not do, whatever it costs */
  findings: string[];
}

/** Counts hostile requests and their answers. */
export class Tally {
  #requests = 0;
  readonly #answers = new Map<string, number>();
  readonly #findings = new Set<string>();

  sent(count = 1): void {
    this.#requests += count;
  }

  answered(how: string | number, count = 1): void {
    this.#answers.set(String(how), (this.#answers.get(String(how)) ?? 0) + count);
  }

  /** Fails the attack. The same text counts once. */
  found(what: string): void {
    this.#findings.add(what);
  }

  report(): TallyReport {
    const answers = [...this.#answers].sort(([, one], [, other]) => other - one);
    return {
      requests: this.#requests,
      answers: Object.fromEntries(answers),
      findings: [...this.#findings],
    };
  }
}
