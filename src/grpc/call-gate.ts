import { status, type handleUnaryCall, type Metadata, type ServerUnaryCall } from '@grpc/grpc-js';
import type { Principal } from '../auth/principal.ts';
import { traceparentOf } from '../base/trace-context.ts';
import { endCall } from '../tracing/request-span.ts';
import type { Span } from '../tracing/span.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { Calls } from './calls.ts';
import { failedStatus, type FailureDependencies } from './failed-status.ts';
import type { CallPrincipals } from './principals.ts';

/** Dependencies that all methods share. */
export interface CallGate extends FailureDependencies {
  principals: Pick<CallPrincipals, 'of' | 'find' | 'onCredentialsEnd'>;
  calls: Pick<Calls, 'end'>;
  /** undefined: tracing is off */
  tracer?: Tracer | undefined;
}

/** The trace of a call: what its caller sent, and its span, if it is traced. */
export interface CallTrace {
  traceparent: string | undefined;
  span: Span | undefined;
}

/** The part of a call that unary methods may use. */
export type UnaryCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPeer' | 'cancelled'>;

/** Wraps a unary method: finds its principal and its trace, and turns an error into the status of the call. */
export function unary<Request, Response>(
  gate: CallGate,
  handle: (request: Request, call: UnaryCall, principal: Principal, trace: CallTrace) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const { principals, tracer } = gate;
  const handleAs = async (request: Request, call: UnaryCall, trace: CallTrace): Promise<Response> =>
    handle(request, call, principals.of(call.metadata), trace);
  return (call, callback) => {
    const traceparent = callerTraceparent(call.metadata);
    const span = tracer?.startRequest(traceparent);
    const end = (code: status) => {
      if (tracer !== undefined && span !== undefined) endCall(tracer, span, call.getPath(), status[code]);
    };
    handleAs(call.request, call, { traceparent, span }).then(
      (response) => {
        end(status.OK);
        callback(null, response);
      },
      (thrown: unknown) => {
        const failed = failedStatus(thrown, call, gate, principals.find(call.metadata), span);
        end(failed.code);
        callback(failed);
      },
    );
  };
}

/** Undefined if the call has none, or a malformed one. */
export function callerTraceparent(metadata: Metadata): string | undefined {
  const [value] = metadata.get('traceparent');
  return typeof value === 'string' ? traceparentOf(value) : undefined;
}
