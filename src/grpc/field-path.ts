/** Below it are the caller's own keys, which are no fields. */
const MAP_FIELD = 'metadata';

/**
 * A JSON pointer into a decoded message as the path of a field, in the form of google.rpc.BadRequest:
 * `/items/0/unitPrice` is `items[0].unit_price`.
 */
export function fieldPath(pointer: string): string {
  const [first = '', ...steps] = pointer.split('/').slice(1).map(unescaped);
  if (first === MAP_FIELD) return [first, ...steps.map((key) => `[${JSON.stringify(key)}]`)].join('');
  return steps.reduce((path, step) => path + stepText(step), snakeCase(first));
}

function stepText(step: string): string {
  return /^\d+$/.test(step) ? `[${step}]` : `.${snakeCase(step)}`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
