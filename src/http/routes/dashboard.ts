import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyReply } from 'fastify';
import type { HttpScope } from '../plugins/http-scope.ts';
import { protectPages } from '../plugins/security-headers.ts';

/** `npm run build` copies the files there. */
const ASSETS = fileURLToPath(new URL('../../dashboard/', import.meta.url));

const hidden = { schema: { hide: true } };

/** The live dashboard at `/`, its files below `/dashboard/`. It uses the public API only. */
export async function serveDashboard(scope: HttpScope): Promise<void> {
  const chartLibrary = dirname(createRequire(import.meta.url).resolve('uplot'));
  await scope.register(async (pages) => {
    protectPages(pages);
    await pages.register(fastifyStatic, {
      root: ASSETS,
      prefix: '/dashboard/',
      // One route per existing file: any other path is a normal 404 problem.
      wildcard: false,
      index: false,
      schemaHide: true,
      cacheControl: false,
    });
    const file = (name: string, folder: string) => (_request: unknown, reply: FastifyReply) =>
      reply.sendFile(name, folder, { cacheControl: false });
    pages.get('/', hidden, file('index.html', ASSETS));
    pages.get('/dashboard/uplot.js', hidden, file('uPlot.esm.js', chartLibrary));
    pages.get('/dashboard/uplot.css', hidden, file('uPlot.min.css', chartLibrary));
  });
}
