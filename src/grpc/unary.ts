import type { handleUnaryCall, Metadata } from '@grpc/grpc-js';
import { ServiceError } from '../base/errors.ts';
import type { CallFaults } from './call-faults.ts';

export interface CallGate {
  isDraining: () => boolean;
  faults: CallFaults;
}

/** A method with one answer; whatever it throws ends the call as its status. */
export function unary<Request, Response>(
  { isDraining, faults }: CallGate,
  answer: (request: Request, metadata: Metadata) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const answerUnlessDraining = async (request: Request, metadata: Metadata): Promise<Response> => {
    if (isDraining()) throw draining();
    return answer(request, metadata);
  };
  return (call, callback) => {
    answerUnlessDraining(call.request, call.metadata).then(
      (response) => callback(null, response),
      (thrown: unknown) => callback(faults.statusOf(thrown, call)),
    );
  };
}

export function draining(): ServiceError {
  return new ServiceError(
    'draining',
    'This instance is going away. Try again, streams with their resume token.',
  );
}
