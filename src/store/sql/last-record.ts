/**
 * The column `last_record` of `progress`: the offset of the record and its check value, as in `99:1700000000000-0badcafe`.
 * The offset tells whether the check value belongs to the progress, because a version without check values moves the progress
 * and leaves the column as it is.
 */
export function lastRecordText(nextOffset: number, check: string | undefined): string | null {
  return check === undefined ? null : `${nextOffset - 1}:${check}`;
}

/** @returns the check value of the record before `nextOffset`; undefined if the text is of another record */
export function checkOfLastRecord(nextOffset: number, text: string | null): string | undefined {
  const prefix = `${nextOffset - 1}:`;
  return text?.startsWith(prefix) === true ? text.slice(prefix.length) : undefined;
}
