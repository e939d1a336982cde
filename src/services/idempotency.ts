const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

export function isIdempotencyKey(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
}
