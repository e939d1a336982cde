import type { HttpScope } from './http-scope.ts';

/** Orders are private, and no answer is to be taken for a page or a script. */
export const API_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Allows no inline code and no other hosts: injected text can neither run nor send data. No site may frame the page. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  // Browsers keep a copy but revalidate it by its ETag each time.
  'cache-control': 'no-cache',
} as const;

/** For every answer; routes and `protectPages` may replace them. Two headers cost less than the dozen of @fastify/helmet. */
export function setApiHeaders(scope: HttpScope): void {
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.headers(API_HEADERS);
    done();
  });
}

/** For all pages and files of this scope. */
export function protectPages(scope: HttpScope): void {
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.headers(PAGE_HEADERS);
    done();
  });
}
