import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import type { Principal } from '../auth/principal.ts';
import type { Calls } from './calls.ts';
import { failedStatus, type FailureDependencies } from './failed-status.ts';
import type { CallPrincipals } from './principals.ts';

/** Dependencies that all methods share. */
export interface CallGate extends FailureDependencies {
  principals: Pick<CallPrincipals, 'of' | 'find' | 'onCredentialsEnd'>;
  calls: Pick<Calls, 'end'>;
}

/** The part of a call that unary methods may use. */
export type UnaryCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPeer' | 'cancelled'>;

/** Wraps a unary method: finds its principal, and turns an error into the status of the call. */
export function unary<Request, Response>(
  gate: CallGate,
  handle: (request: Request, call: UnaryCall, principal: Principal) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const { principals } = gate;
  const handleAs = async (request: Request, call: UnaryCall): Promise<Response> =>
    handle(request, call, principals.of(call.metadata));
  return (call, callback) => {
    handleAs(call.request, call).then(
      (response) => callback(null, response),
      (thrown: unknown) => callback(failedStatus(thrown, call, gate, principals.find(call.metadata))),
    );
  };
}
