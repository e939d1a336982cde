/**
 * @typedef {object} View what a route shows below its heading
 * @property {string} title
 * @property {string} lead what it shows, in a sentence
 * @property {readonly string[]} scopes all of them are needed
 * @property {readonly Node[]} [controls] built once, such as a form
 * @property {(signal: AbortSignal) => Promise<Node[]>} read reads the data and builds what shows them; throws RequestProblem
 * @property {string} [notFound] what a 404 means; default: what the service says
 * @property {() => number | undefined} [intervalMs] until the next read; undefined: none follows
 */

/**
 * @typedef {object} Context what a view gets
 * @property {import('../routes.js').Route} route
 * @property {import('../api.js').Api} api
 * @property {import('../session.js').Principal} principal
 * @property {import('../parts/times.js').Times} times
 * @property {(href: string) => void} go opens another view
 * @property {(href: string) => void} replace the same without an entry in the history
 * @property {(request: BulkRequest) => void} act asks for confirmation and replays or discards dead letters
 */

/** @typedef {import('../bulk/bulk-run.js').BulkRequest} BulkRequest */

/** For the lists of operators: if they are missing, a gateway hides them. */
export const HIDDEN_BY_GATEWAY =
  'This address does not serve it: a gateway may hide what operators use. Open the page at a replica.';
