import { ServiceError } from './errors.ts';
import type { RecordHeaders } from './log-record.ts';

/** Headers as JSON text; empty if there are none. */
export function headersText(headers: RecordHeaders | undefined): string {
  if (headers === undefined) return '';
  const text = JSON.stringify(headers);
  return text === '{}' ? '' : text;
}

/** @throws ServiceError `record-undecodable` for any text that `headersText` does not return */
export function headersOfText(text: string): RecordHeaders | undefined {
  if (text === '') return undefined;
  const headers = parsed(text);
  if (isHeaders(headers)) return headers;
  throw damaged();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(cause);
  }
}

function isHeaders(value: unknown): value is RecordHeaders {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}

function damaged(cause?: unknown): ServiceError {
  return new ServiceError('record-undecodable', 'The headers of the record are damaged.', { cause });
}
