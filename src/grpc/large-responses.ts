import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { Callers } from '../base/caller.ts';
import { toServiceError } from '../base/errors.ts';
import type { ResponseBudget } from '../services/response-budget.ts';
import { callStatus } from './rich-error.ts';

/** Smaller responses leave at once: a client lets at least 64 KiB through before it has read anything. */
const LARGE_BYTES = 32 * 1024;

/**
 * Counts large responses of unary methods in the budget until HTTP/2 has sent them, and refuses those of callers that do not read.
 * Streams have limits of their own. The methods must pass bytes on as they are, see `DecodingServer`.
 */
export function boundLargeResponses(callers: Callers, budget: ResponseBudget): ServerInterceptor {
  return (method, call) => {
    if (method.responseStream) return new ServerInterceptingCall(call);
    let caller = '';
    let release: () => void = () => undefined;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            caller = callers.ofPeer(call.getPeer(), metadata);
            pass(metadata);
          },
          onCancel: () => release(),
        }),
      sendMessage: (message, next) => {
        try {
          const bytes = method.responseSerialize(message);
          if (bytes.length >= LARGE_BYTES) release = budget.take(caller, bytes.length);
          next(bytes);
        } catch (error) {
          call.sendStatus(callStatus(toServiceError(error)));
        }
      },
      // grpc-js sends the status of a unary method after HTTP/2 has sent the message.
      sendStatus: (status, next) => {
        release();
        next(status);
      },
    });
  };
}
