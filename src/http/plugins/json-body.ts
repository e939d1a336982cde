import type { FastifyRequest } from 'fastify';
import { invalidField, ServiceError } from '../../base/errors.ts';
import { createOrderScanner } from '../json/order-scanner.ts';
import { readBatch } from '../json/read-batch.ts';
import { readJson, refuseOtherThanUtf8 } from '../json/read-json.ts';
import type { HttpScope } from './http-scope.ts';

/** Bodies of at most this many bytes are parsed without a look at their structure: they cost half a millisecond at worst. */
const SMALL_BODY_BYTES = 2048;

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Accepts JSON bodies only, in UTF-8 and without content encoding. */
export function acceptJsonOnly(scope: HttpScope): void {
  const scan = createOrderScanner();
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, received, done) => {
    const bytes = jsonBytes(request, received);
    if (bytes.length > SMALL_BODY_BYTES) {
      const { refusal } = scan(bytes, 0);
      if (refusal !== undefined) throw invalidField('', refusal);
    }
    done(null, readJson(bytes));
  });
}

/** Accepts batches of orders only, in a scope of their own. */
export function acceptBatchesOnly(scope: HttpScope, maxOrders: number): void {
  const scan = createOrderScanner();
  scope.removeAllContentTypeParsers();
  const parse = async (request: FastifyRequest, received: Buffer) =>
    readBatch(jsonBytes(request, received), scan, maxOrders);
  scope.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, parse);
}

/** The body without a byte order mark. @throws ServiceError `unsupported-media-type`, `malformed-json` */
function jsonBytes({ headers }: FastifyRequest, received: Buffer): Buffer {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined) {
    const detail = 'Send the body without Content-Encoding: this service does not decompress.';
    throw new ServiceError('unsupported-media-type', detail);
  }
  const mediaType = headers['content-type'];
  if (mediaType !== 'application/json' && !isUtf8Charset(mediaType)) {
    throw new ServiceError('unsupported-media-type', 'Send the body in UTF-8; JSON has no other charset.');
  }
  refuseOtherThanUtf8(received);
  const isMarked = received[0] === BYTE_ORDER_MARK[0] && received.subarray(0, 3).equals(BYTE_ORDER_MARK);
  return isMarked ? received.subarray(3) : received;
}

/** Whether a media type has no charset but UTF-8. */
function isUtf8Charset(mediaType = ''): boolean {
  return [...mediaType.matchAll(/;\s*charset\s*=\s*"?([^\s";]*)/gi)].every(([, charset = '']) =>
    /^utf-?8$/i.test(charset),
  );
}
