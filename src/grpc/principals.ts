import { ServerInterceptingCall, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import { ruleOf } from '../auth/authorise.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { ANONYMOUS, type Principal } from '../auth/principal.ts';
import { ServiceError } from '../base/errors.ts';
import { Admission } from '../services/admission.ts';
import type { RateLimiter } from '../services/rate-limiter.ts';
import { failedStatus, type FailureDependencies } from './failed-status.ts';

export interface CallPrincipalsDependencies extends FailureDependencies {
  /** undefined: everyone is anonymous and may do everything */
  authenticator: Authenticator | undefined;
  /** undefined: no limit */
  rateLimiter: RateLimiter | undefined;
}

/**
 * Authenticates and authorises each call before its request is decoded, and remembers its principal. Each server has its own.
 */
export class CallPrincipals {
  readonly #dependencies: CallPrincipalsDependencies;
  /** keyed by the metadata of the call: interceptors and handlers have the same object */
  readonly #principals = new WeakMap<Metadata, Principal>();

  constructor(dependencies: CallPrincipalsDependencies) {
    this.#dependencies = dependencies;
  }

  /** The principal of an admitted call. @throws ServiceError `internal` for a call of an open method */
  of(metadata: Metadata): Principal {
    const principal = this.find(metadata);
    if (principal !== undefined) return principal;
    throw new ServiceError(
      'internal',
      'This method is open to everyone, so it must not depend on its caller.',
    );
  }

  /** Undefined for a call that is not admitted yet, and for a call of an open method. */
  find(metadata: Metadata): Principal | undefined {
    return this.#dependencies.authenticator === undefined ? ANONYMOUS : this.#principals.get(metadata);
  }

  /** Calls the listener once when the credentials of a call end. @returns stops watching; undefined while authentication is off */
  onCredentialsEnd(metadata: Metadata, listener: (error: ServiceError) => void): (() => void) | undefined {
    return this.#dependencies.authenticator?.watch(this.of(metadata), listener);
  }

  /** Empty while authentication is off. */
  get interceptors(): ServerInterceptor[] {
    const { authenticator, rateLimiter } = this.#dependencies;
    if (authenticator === undefined) return [];
    const admission = new Admission({ authenticator, rateLimiter });
    return [(method, call) => this.#intercept(method.path, call, admission)];
  }

  #intercept(
    path: string,
    call: Parameters<ServerInterceptor>[1],
    admission: Admission,
  ): ServerInterceptingCall {
    if (ruleOf(path)?.kind === 'open') return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            // Has no effect if the call has ended meanwhile.
            const enter = (principal: Principal) => {
              this.#principals.set(metadata, principal);
              pass(metadata);
            };
            const refuse = (thrown: unknown) =>
              call.sendStatus(failedStatus(thrown, { metadata, getPath: () => path }, this.#dependencies));
            try {
              const admitted = admission.admit(path, authorizationOf(metadata));
              if (admitted instanceof Promise) admitted.then(enter, refuse);
              else enter(admitted);
            } catch (error) {
              refuse(error);
            }
          },
        }),
    });
  }
}

function authorizationOf(metadata: Metadata): string | undefined {
  const [value] = metadata.get('authorization');
  return typeof value === 'string' ? value : undefined;
}
