import { toError } from '../base/errors.ts';

/** Until the whole response has arrived. */
const TIMEOUT_MS = 5_000;

/** A key set with dozens of certificates has a few dozen KiB. */
const MAX_BYTES = 512 * 1024;

/**
 * The JSON document at an address. Redirects are not followed: they could lead to another host.
 * @throws Error that says what to check
 */
export async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch((error: unknown) => {
    throw new Error(`${url} cannot be reached: ${reasonOf(error)}.`, { cause: error });
  });
  try {
    if (response.status >= 300 && response.status < 400) {
      throw new Error(
        `${url} redirects, and redirects are not followed: set AUTH_JWKS_URL to the final address.`,
      );
    }
    if (response.status !== 200) throw new Error(`${url} answered with status ${response.status}.`);
    return parsed(await textOf(response, url), url);
  } finally {
    // Frees the connection of a response that was not read to its end.
    await response.body?.cancel().catch(() => undefined);
  }
}

async function textOf({ body }: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_BYTES) break;
    }
  } catch (error) {
    throw new Error(`${url} did not send its whole response: ${reasonOf(error)}.`, { cause: error });
  }
  if (bytes > MAX_BYTES) throw new Error(`${url} sends more than ${MAX_BYTES} bytes, which is no key set.`);
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${url} did not answer with JSON.`);
  }
}

/** The message of fetch is "fetch failed"; its cause says why. */
function reasonOf(thrown: unknown): string {
  const error = toError(thrown);
  if (error.name === 'TimeoutError') return `no complete response within ${TIMEOUT_MS} ms`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
