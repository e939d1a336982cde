/** Notes a header of an answer for the documentation. */
export function textHeader(description: string) {
  return { type: 'string', description };
}
