import { IsArray, IsObject, IsOptional, IsRecord, type TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import type { FieldError } from '../base/errors.ts';

/** More would only make the answer to a hostile body long and dear. */
const MAX_FAULTS = 8;

/** Shorter lists of allowed values are spelled out. */
const MAX_VALUES_SPELLED_OUT = 12;

/**
 * The first faults of a value that its schema refuses. TypeBox looks at the whole value before it reports, which takes
 * milliseconds for a hostile one; so the walk through objects and arrays is here and ends with the last fault that is
 * told. What a string or a number must be like stays TypeBox's to say.
 */
export function listValidationErrors(schema: TSchema, value: unknown): FieldError[] {
  const faults: FieldError[] = [];
  collect(schema, value, '', faults);
  return faults;
}

/** A JSON pointer (RFC 6901) one step further. */
export function pointerTo(parent: string, name: string | number): string {
  return `${parent}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function collect(schema: TSchema, value: unknown, pointer: string, faults: FieldError[]): void {
  if (faults.length >= MAX_FAULTS) return;
  if ((IsRecord(schema) || IsObject(schema)) && isPlainObject(value)) {
    collectMembers(schema, value, pointer, faults);
  } else if (IsArray(schema) && Array.isArray(value)) {
    collectItems(schema, value, pointer, faults);
  } else {
    const fault = Errors(schema, value)[0];
    if (fault !== undefined) faults.push({ pointer, detail: wording(schema, fault) });
  }
}

function collectMembers(
  schema: TSchema & MemberRules,
  value: Record<string, unknown>,
  pointer: string,
  faults: FieldError[],
): void {
  const { properties = {}, patternProperties = {}, maxProperties = Infinity } = schema;
  const names = Object.keys(value);
  if (names.length > maxProperties) {
    faults.push({ pointer, detail: `must not have more than ${maxProperties} properties` });
    return;
  }
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) collect(property, value[name], pointerTo(pointer, name), faults);
    else if (!IsOptional(property)) add(faults, pointerTo(pointer, name), 'is required');
  }
  const anyMember = Object.values(patternProperties)[0];
  for (const name of names) {
    if (faults.length >= MAX_FAULTS) return;
    if (anyMember !== undefined) collect(anyMember, value[name], pointerTo(pointer, name), faults);
    else if (!Object.hasOwn(properties, name)) add(faults, pointerTo(pointer, name), 'is not known here');
  }
}

function add(faults: FieldError[], pointer: string, detail: string): void {
  if (faults.length < MAX_FAULTS) faults.push({ pointer, detail });
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
  faults: FieldError[],
): void {
  const { minItems = 0, maxItems = Infinity } = schema;
  if (value.length < minItems) faults.push({ pointer, detail: `must not have fewer than ${minItems} items` });
  if (value.length > maxItems) {
    // What is in a list that is too long is not looked at.
    faults.push({ pointer, detail: `must not have more than ${maxItems} items` });
    return;
  }
  for (const [index, item] of value.entries()) {
    if (faults.length >= MAX_FAULTS) return;
    collect(schema.items, item, pointerTo(pointer, index), faults);
  }
}

function wording(
  schema: TSchema & { description?: string },
  fault: ReturnType<typeof Errors>[number],
): string {
  if (fault.keyword !== 'enum') return fault.message;
  const { allowedValues } = fault.params;
  if (allowedValues.length <= MAX_VALUES_SPELLED_OUT) return `must be one of ${allowedValues.join(', ')}`;
  return `must be one of the allowed values (${schema.description ?? 'see the documentation'})`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
