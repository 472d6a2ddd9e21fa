import { Described, type DictKey, type PickleValue, Tuple } from './pickle-values.js';

/** Longer keys are not put together: a small pickle could ask for it a million times. */
const maxItems = 16;
const maxItemLength = 200;

/** A dict's key as text, as Python would write it; undefined when only Python could tell it from others. */
export function keyText(key: DictKey): string | undefined {
  if (key instanceof Described) return key.text;
  if (key instanceof Tuple) {
    if (key.items.length > maxItems) return undefined;
    const items = key.items.map(itemText);
    if (items.includes(undefined)) return undefined;
    return `(${items.join(', ')}${items.length === 1 ? ',' : ''})`;
  }
  return scalarText(key);
}

function itemText(item: PickleValue): string | undefined {
  const text = typeof item === 'string' ? `'${item}'` : scalarText(item);
  return text !== undefined && text.length <= maxItemLength ? text : undefined;
}

function scalarText(value: PickleValue): string | undefined {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? undefined : String(value);
}
