import fc from 'fast-check';

/** Absent in every other case, so that few runs meet every combination of filters. */
export function optional<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined, freq: 2 });
}
