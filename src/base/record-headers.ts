import type { RecordHeaders } from './log-record.ts';

/** Headers as JSON text; empty if there are none. */
export function headersText(headers: RecordHeaders | undefined): string {
  if (headers === undefined) return '';
  const text = JSON.stringify(headers);
  return text === '{}' ? '' : text;
}

export function headersOfText(text: string): RecordHeaders | undefined {
  return text === '' ? undefined : (JSON.parse(text) as RecordHeaders);
}
