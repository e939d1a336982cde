/**
 * @typedef {{title: string, detail: string, code?: string, status?: number, requestId?: string, errors?: {pointer: string, detail: string}[]}} Problem
 * application/problem+json (RFC 9457)
 */

/**
 * @param {Response} response an error; its body is consumed
 * @returns {Promise<Problem & {status: number}>} made up if the body is no problem, as from a gateway
 */
export async function readProblem(response) {
  const { status } = response;
  const body = await response.json().catch(() => undefined);
  if (typeof body?.detail === 'string' && typeof body.title === 'string') return { ...body, status };
  return { title: 'The request failed', detail: `The service answered with status ${status}.`, status };
}
