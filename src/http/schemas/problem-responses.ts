import { STATUS_CODES } from 'node:http';
import { PROBLEM_MEDIA_TYPE } from './problem.ts';

/** Notes for the documentation that a route may answer these statuses with a problem document. */
export function problems<const Status extends number>(...statuses: Status[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: STATUS_CODES[status] ?? '',
        content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: 'Problem#' } } },
      },
    ]),
  );
}
