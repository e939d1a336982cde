/** @typedef {import('../api-types.d.ts').BulkAnswer} BulkAnswer */

/** @typedef {'replay' | 'discard'} Verb */
/** @typedef {{ids: number[]} | {filter: Record<string, string>}} Selection a filter without a state selects open ones */

/**
 * @typedef {object} BulkRequest
 * @property {Verb} verb
 * @property {Selection} selection
 * @property {string} what the selected dead letters in words, such as "dead letter #17"
 */

/** @typedef {{matched: number, done: number, skipped: number, refused: {id: number, reason: string}[]}} Tally */

/** A request takes about a second at the given rate, so that progress shows and a stop is quick. */
const MAX_CHUNK = 100;

/** @type {Record<Verb, string>} */
const PATHS = { replay: '/v1/dead-letters/replay', discard: '/v1/dead-letters/discard' };

/**
 * Counts what a request would do, without doing it.
 * @param {import('../api.js').Api} api
 * @param {BulkRequest} request
 * @param {AbortSignal} signal
 * @returns {Promise<{matched: number, skipped: number}>}
 */
export async function dryRun(api, { verb, selection }, signal) {
  /** @type {BulkAnswer} */
  const answer = await api.post(PATHS[verb], { ...selection, dryRun: true }, signal);
  return { matched: answer.matched, skipped: answer.skipped };
}

/**
 * Does it, some at a time. Repeating it after it was stopped or failed is safe.
 * @param {import('../api.js').Api} api
 * @param {BulkRequest & {ratePerSecond: number}} request
 * @param {AbortSignal} signal ends it after the dead letters that the service acts on
 * @param {(tally: Tally) => void} onProgress
 * @returns {Promise<Tally>}
 * @throws {import('../api.js').RequestProblem}
 */
export async function runBulk(api, { verb, selection, ratePerSecond }, signal, onProgress) {
  const limit = Math.min(MAX_CHUNK, ratePerSecond);
  /** @type {Tally} */
  const tally = { matched: 0, done: 0, skipped: 0, refused: [] };
  for (let afterId = /** @type {number | null} */ (0); afterId !== null;) {
    /** @type {BulkAnswer} */
    const answer = await api.post(PATHS[verb], { ...selection, ratePerSecond, limit, afterId }, signal);
    tally.matched += answer.matched;
    tally.done += verb === 'replay' ? answer.replayed : (answer.discarded ?? 0);
    tally.skipped += answer.skipped;
    tally.refused.push(...(answer.refused ?? []));
    onProgress(tally);
    afterId = answer.nextAfterId ?? null;
  }
  return tally;
}
