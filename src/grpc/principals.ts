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

/** Lets in whom the rules allow, before a request is decoded, and remembers who made each call. One server owns it. */
export class CallPrincipals {
  readonly #dependencies: CallPrincipalsDependencies;
  /** by the metadata of the call, which interceptors and handlers share */
  readonly #principals = new WeakMap<Metadata, Principal>();

  constructor(dependencies: CallPrincipalsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Who made a call that was let in. @throws ServiceError `internal` for a call of an open method */
  of(metadata: Metadata): Principal {
    const principal = this.find(metadata);
    if (principal !== undefined) return principal;
    throw new ServiceError(
      'internal',
      'This method is open to everyone, so it must not depend on its caller.',
    );
  }

  /** Undefined for a call that was not let in yet, and for a call of an open method. */
  find(metadata: Metadata): Principal | undefined {
    return this.#dependencies.authenticator === undefined ? ANONYMOUS : this.#principals.get(metadata);
  }

  /** Calls the listener once when the credentials of a call end. @returns stops that; undefined if they never end */
  onLogout(metadata: Metadata, listener: (error: ServiceError) => void): (() => void) | undefined {
    return this.#dependencies.authenticator?.watch(this.of(metadata), listener);
  }

  /** None while authentication is off. */
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
            // After the end of the call, `pass` does nothing.
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
