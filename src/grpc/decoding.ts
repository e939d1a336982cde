import {
  Server,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { requireRule } from '../auth/authorise.ts';
import { ServiceError } from '../base/errors.ts';
import { callStatus } from './rich-error.ts';

/** Takes the place of a request that cannot be decoded. */
const UNDECODABLE = Symbol('undecodable request');

/**
 * A server that answers undecodable requests INVALID_ARGUMENT; grpc-js would answer INTERNAL, as if the error were ours. Interceptors
 * may encode responses themselves. Refuses services whose methods have no rule.
 */
export class DecodingServer extends Server {
  /** @param interceptors the first is the closest to the network */
  constructor(options: ConstructorParameters<typeof Server>[0], interceptors: ServerInterceptor[]) {
    super({ ...options, interceptors: [...interceptors, refuseUndecodable] });
  }

  /** @throws ServiceError `internal` for a method without a rule */
  override addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    for (const { path } of Object.values(definition)) requireRule(path);
    super.addService(withOwnCodec(definition), implementation);
  }
}

const refuseUndecodable: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMessage: (message, pass) => {
          if (message === UNDECODABLE) call.sendStatus(callStatus(undecodable()));
          else pass(message);
        },
      }),
  });

function withOwnCodec(definition: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes);
      } catch {
        return UNDECODABLE;
      }
    };
    const responseSerialize = (response: unknown): Buffer =>
      Buffer.isBuffer(response) ? response : method.responseSerialize(response);
    return [name, { ...method, requestDeserialize, responseSerialize }];
  });
  return Object.fromEntries(methods) as ServiceDefinition;
}

function undecodable(): ServiceError {
  return new ServiceError('bad-request', 'The bytes of the request are not a message of this method.');
}
