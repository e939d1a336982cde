import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyReply } from 'fastify';
import type { HttpScope } from '../plugins/http-scope.ts';

/** `npm run build` copies the files there. */
const ASSETS = fileURLToPath(new URL('../../dashboard/', import.meta.url));

/** Allows no inline code and no other hosts: injected text can neither run nor send data. */
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

/** Browsers keep a copy but revalidate it by its ETag each time. */
const CACHE_CONTROL = 'no-cache';

const hidden = { schema: { hide: true } };

/** The live dashboard at `/`, its files below `/dashboard/`. It uses the public API only. */
export async function serveDashboard(scope: HttpScope): Promise<void> {
  const chartLibrary = dirname(createRequire(import.meta.url).resolve('uplot'));
  await scope.register(async (pages) => {
    await pages.register(fastifyStatic, {
      root: ASSETS,
      prefix: '/dashboard/',
      // One route per existing file: any other path is a normal 404 problem.
      wildcard: false,
      index: false,
      schemaHide: true,
      cacheControl: false,
      setHeaders: (response) => {
        response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
        response.setHeader('x-content-type-options', 'nosniff');
        response.setHeader('referrer-policy', 'no-referrer');
        response.setHeader('cache-control', CACHE_CONTROL);
      },
    });
    const file = (name: string, folder: string) => (_request: unknown, reply: FastifyReply) =>
      reply.sendFile(name, folder, { cacheControl: false });
    pages.get('/', hidden, file('index.html', ASSETS));
    pages.get('/dashboard/uplot.js', hidden, file('uPlot.esm.js', chartLibrary));
    pages.get('/dashboard/uplot.css', hidden, file('uPlot.min.css', chartLibrary));
  });
}
