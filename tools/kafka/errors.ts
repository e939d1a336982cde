export type LocalKafkaErrorCode =
  | 'port-invalid'
  | 'port-taken'
  | 'tools-missing'
  | 'jars-unavailable'
  | 'format-failed'
  | 'start-locked'
  | 'already-running'
  | 'broker-died'
  | 'broker-silent'
  | 'broker-unstoppable';

/** Everything that can go wrong with the local broker on purpose; `message` says what to do about it. */
export class LocalKafkaError extends Error {
  readonly code: LocalKafkaErrorCode;

  constructor(code: LocalKafkaErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LocalKafkaError';
    this.code = code;
  }
}

export function isLocalKafkaError(thrown: unknown, code: LocalKafkaErrorCode): boolean {
  return thrown instanceof LocalKafkaError && thrown.code === code;
}

export function hasErrno(thrown: unknown, errno: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === errno;
}
