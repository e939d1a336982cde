import type { Finding } from './findings.ts';
import type { Ledger } from './ledger.ts';

/** It takes six, as docs/reliability.md says; other faults in between may cost some more. */
const MAX_DEATHS_PER_KILLER = 10;

/** An order whose call kills the process may do so a few times, then it is a dead letter; no other order may. */
export function* checkKillers({ entries }: Pick<Ledger, 'entries'>, deaths: number): Iterable<Finding> {
  const killers = entries.filter(({ kind, outcome }) => kind === 'killer' && outcome !== 'refused').length;
  if (deaths <= killers * MAX_DEATHS_PER_KILLER) return;
  const detail = `${killers} orders whose call kills the process ended it ${deaths} times`;
  yield { kind: killers === 0 ? 'unexpected' : 'stuck', detail };
}
