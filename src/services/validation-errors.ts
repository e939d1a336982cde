import { IsArray, IsObject, IsOptional, IsRecord, type TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import type { FieldError } from '../base/errors.ts';

/** More would only make the answer to a hostile body long and expensive. */
const MAX_ERRORS = 8;

/** Shorter lists of allowed values are spelled out. */
const MAX_VALUES_SPELLED_OUT = 12;

/**
 * The first errors of a value that its schema refuses. TypeBox checks the whole value before it reports, which takes
 * milliseconds for a hostile one; so this walks objects and arrays itself and stops at the last error it reports. Strings
 * and numbers are left to TypeBox.
 */
export function listValidationErrors(schema: TSchema, value: unknown): FieldError[] {
  const errors: FieldError[] = [];
  collect(schema, value, '', errors);
  return errors;
}

/** A JSON pointer (RFC 6901) one step further. */
export function pointerTo(parent: string, name: string | number): string {
  return `${parent}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function collect(schema: TSchema, value: unknown, pointer: string, errors: FieldError[]): void {
  if (errors.length >= MAX_ERRORS) return;
  if ((IsRecord(schema) || IsObject(schema)) && isPlainObject(value)) {
    collectMembers(schema, value, pointer, errors);
  } else if (IsArray(schema) && Array.isArray(value)) {
    collectItems(schema, value, pointer, errors);
  } else {
    const error = Errors(schema, value)[0];
    if (error !== undefined) errors.push({ pointer, detail: wording(schema, error) });
  }
}

function collectMembers(
  schema: TSchema & MemberRules,
  value: Record<string, unknown>,
  pointer: string,
  errors: FieldError[],
): void {
  const { properties = {}, patternProperties = {}, maxProperties = Infinity } = schema;
  const names = Object.keys(value);
  if (names.length > maxProperties) {
    errors.push({ pointer, detail: `must not have more than ${maxProperties} properties` });
    return;
  }
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) collect(property, value[name], pointerTo(pointer, name), errors);
    else if (!IsOptional(property)) add(errors, pointerTo(pointer, name), 'is required');
  }
  const anyMember = Object.values(patternProperties)[0];
  for (const name of names) {
    if (errors.length >= MAX_ERRORS) return;
    if (anyMember !== undefined) collect(anyMember, value[name], pointerTo(pointer, name), errors);
    else if (!Object.hasOwn(properties, name)) add(errors, pointerTo(pointer, name), 'is not known here');
  }
}

function add(errors: FieldError[], pointer: string, detail: string): void {
  if (errors.length < MAX_ERRORS) errors.push({ pointer, detail });
}

interface MemberRules {
  properties?: Record<string, TSchema>;
  patternProperties?: Record<string, TSchema>;
  maxProperties?: number;
}

function collectItems(
  schema: TSchema & { items: TSchema; minItems?: number; maxItems?: number },
  value: unknown[],
  pointer: string,
  errors: FieldError[],
): void {
  const { minItems = 0, maxItems = Infinity } = schema;
  if (value.length < minItems) errors.push({ pointer, detail: `must not have fewer than ${minItems} items` });
  if (value.length > maxItems) {
    // The items of a list that is too long are not checked.
    errors.push({ pointer, detail: `must not have more than ${maxItems} items` });
    return;
  }
  for (const [index, item] of value.entries()) {
    if (errors.length >= MAX_ERRORS) return;
    collect(schema.items, item, pointerTo(pointer, index), errors);
  }
}

function wording(
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
