import { IsArray, IsObject, IsOptional, IsRecord, type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Guard } from 'typebox/guard';
import { Errors } from 'typebox/value';
import { ServiceError, type FieldError } from '../base/errors.ts';

export interface Validator<T> {
  check(value: unknown): value is T;
  /** The `validation-failed` error of a value that did not pass `check`. */
  errorOf(value: unknown): ServiceError;
}

export function createValidator<Schema extends TSchema>(schema: Schema): Validator<Static<Schema>> {
  const compiled = Compile(schema);
  return {
    check: (value): value is Static<Schema> => compiled.Check(value),
    errorOf(value) {
      const errors = listValidationErrors(schema, value);
      const first = errors[0] ?? { pointer: '', detail: 'does not match the schema' };
      const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
      const where = first.pointer === '' ? 'The body' : first.pointer;
      return new ServiceError('validation-failed', `${where} ${first.detail}${more}`, {
        errors: errors.length === 0 ? [first] : errors,
      });
    },
  };
}

/** More would only make the response to a hostile body long and expensive. */
const MAX_ERRORS = 8;

/** Up to this many allowed values are listed in the message. */
const MAX_VALUES_SPELLED_OUT = 12;

/**
 * The first errors of a value that does not match its schema. TypeBox checks the whole value before it reports anything,
 * which takes milliseconds for a hostile one. This function walks objects and arrays itself and stops after MAX_ERRORS; it
 * uses TypeBox only for strings, numbers and the like.
 */
export function listValidationErrors(schema: TSchema, value: unknown): FieldError[] {
  const errors: FieldError[] = [];
  for (const error of errorsOf(schema, value, '')) {
    errors.push(error);
    if (errors.length === MAX_ERRORS) break;
  }
  return errors;
}

/** Characters of a JSON pointer; a longer one would send much of a hostile body back. */
const MAX_POINTER = 256;

/** Ends a pointer that was cut. */
const CUT = '…';

/** Appends one step to a JSON pointer (RFC 6901). A pointer that becomes too long is cut and ends with `…`. */
export function pointerTo(parent: string, name: string | number): string {
  if (parent.endsWith(CUT)) return parent;
  const step = String(name).slice(0, MAX_POINTER).replaceAll('~', '~0').replaceAll('/', '~1');
  return shortened(`${parent}/${step}`, MAX_POINTER);
}

/** At most this many characters. A text that is cut ends with `…`, not with half of a character or of an escape. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return text.slice(0, maxLength - CUT.length).replace(/[\ud800-\udbff~]$/, '') + CUT;
}

function* errorsOf(schema: TSchema, value: unknown, pointer: string): Generator<FieldError> {
  if ((IsRecord(schema) || IsObject(schema)) && isPlainObject(value)) {
    yield* memberErrors(schema, value, pointer);
  } else if (IsArray(schema) && Array.isArray(value)) {
    yield* itemErrors(schema, value, pointer);
  } else {
    const error = Errors(schema, value)[0];
    if (error !== undefined) yield { pointer, detail: detailOf(schema, error) };
  }
}

interface MemberRules {
  properties?: Record<string, TSchema>;
  patternProperties?: Record<string, TSchema>;
  propertyNames?: { maxLength?: number };
  maxProperties?: number;
}

function* memberErrors(
  { properties = {}, patternProperties = {}, propertyNames = {}, maxProperties = Infinity }: MemberRules,
  value: Record<string, unknown>,
  pointer: string,
): Generator<FieldError> {
  const names = Object.keys(value);
  if (names.length > maxProperties) {
    yield { pointer, detail: `must not have more than ${maxProperties} properties` };
    return;
  }
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) yield* errorsOf(property, value[name], pointerTo(pointer, name));
    else if (!IsOptional(property)) yield { pointer: pointerTo(pointer, name), detail: 'is required' };
  }
  const anyMember = Object.values(patternProperties)[0];
  const { maxLength = Infinity } = propertyNames;
  for (const name of names) {
    if (!Guard.IsMaxLength(name, maxLength)) {
      yield {
        pointer: pointerTo(pointer, name),
        detail: `must have a name of at most ${maxLength} characters`,
      };
    }
    if (anyMember !== undefined) yield* errorsOf(anyMember, value[name], pointerTo(pointer, name));
    else if (!Object.hasOwn(properties, name))
      yield { pointer: pointerTo(pointer, name), detail: 'is not a known field' };
  }
}

function* itemErrors(
  { items, minItems = 0, maxItems = Infinity }: { items: TSchema; minItems?: number; maxItems?: number },
  value: unknown[],
  pointer: string,
): Generator<FieldError> {
  if (value.length < minItems) yield { pointer, detail: `must not have fewer than ${minItems} items` };
  if (value.length > maxItems) {
    // The items of a list that is too long are not checked.
    yield { pointer, detail: `must not have more than ${maxItems} items` };
    return;
  }
  for (const [index, item] of value.entries()) yield* errorsOf(items, item, pointerTo(pointer, index));
}

function detailOf(
  schema: TSchema & { description?: string },
  error: ReturnType<typeof Errors>[number],
): string {
  if (error.keyword !== 'enum') return error.message;
  const { allowedValues } = error.params;
  if (allowedValues.length <= MAX_VALUES_SPELLED_OUT) return `must be one of ${allowedValues.join(', ')}`;
  return `must be one of the allowed values (${schema.description ?? 'see the documentation'})`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
