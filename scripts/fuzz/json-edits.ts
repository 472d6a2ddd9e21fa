import fc from 'fast-check';

/** Plain JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A change to one place of a JSON tree; `node` counts the places in order, round and round. */
export interface JsonEdit {
  readonly kind: 'json';
  readonly node: number;
  readonly action: 'replace' | 'delete' | 'rename' | 'repeat' | 'nest' | 'move';
  readonly value: Json;
  readonly other: number;
}

/** Values that readers stumble over. */
const edges: readonly Json[] = [
  ...[null, true, false, 0, 1, -1, 2, 0.5, -0.5, 1e-320, 1e308, -1e308, 255, 256, 65_535, 65_536],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, -(2 ** 31), -(2 ** 53), 1e21],
  ...[
    '',
    'a',
    '0',
    '-1',
    'NaN',
    'Infinity',
    '__proto__',
    'constructor',
    'length',
    'toString',
    '..',
    '/',
    '\0',
  ],
  ...[[], {}, [null], [[]], [0], [1, 2], ['a'], { a: 1 }, { length: 3 }, { $number: 'NaN' }, { shape: [1] }],
  ...[
    { $number: '-0' },
    { $number: 'Infinity' },
    { $tensor: '/weights' },
    { $array: 'Float64Array', values: [] },
  ],
];

/** A change to a JSON tree. */
export const jsonEdit: fc.Arbitrary<JsonEdit> = fc.record({
  kind: fc.constant('json' as const),
  node: fc.nat(),
  action: fc.constantFrom('replace', 'replace', 'replace', 'delete', 'rename', 'repeat', 'nest', 'move'),
  value: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...edges) }, fc.jsonValue() as fc.Arbitrary<Json>),
  other: fc.nat(),
});

/** The text with the changes made; undefined when it is no JSON. */
export function editJson(text: string, edits: readonly JsonEdit[]): string | undefined {
  let root: { [key: string]: Json };
  try {
    root = { value: JSON.parse(text) as Json };
  } catch {
    return undefined;
  }
  for (const edit of edits) apply(root, edit);
  return JSON.stringify(root.value ?? null);
}

type Place = { readonly holder: Json[] | { [key: string]: Json }; readonly key: string };

function apply(root: { [key: string]: Json }, { node, action, value, other }: JsonEdit): void {
  const places = placesIn(root);
  const { holder, key } = places[node % places.length];
  const fields = holder as { [key: string]: Json };
  if (action === 'replace') set(holder, key, structuredClone(value));
  else if (action === 'delete') {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else if (holder !== root) delete holder[key];
  } else if (action === 'rename') {
    const from = places[other % places.length].key;
    const name = typeof value === 'string' ? value : from;
    if (Array.isArray(holder) || holder === root) return;
    const held = fields[key];
    delete fields[key];
    set(holder, name, held);
  } else if (action === 'repeat') {
    const held = fields[key];
    if (Array.isArray(holder))
      holder.splice(Number(key), 0, ...Array.from({ length: 1 + (other % 40) }, () => structuredClone(held)));
    else set(holder, `${key}${other % 3}`, structuredClone(held));
  } else if (action === 'nest') {
    let nested = fields[key];
    for (let i = 0; i < 1 + (other % 300); i++) nested = other % 2 ? [nested] : { a: nested };
    set(holder, key, nested);
  } else {
    const source = places[other % places.length];
    set(holder, key, structuredClone((source.holder as { [key: string]: Json })[source.key]));
  }
}

/** An own field whatever its name is. */
function set(holder: Json[] | { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

function placesIn(root: { [key: string]: Json }): Place[] {
  const places: Place[] = [];
  const open: (Json[] | { [key: string]: Json })[] = [root];
  for (let holder = open.pop(); holder !== undefined && places.length < 5000; holder = open.pop())
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const child = (holder as { [key: string]: Json })[key];
      if (typeof child === 'object' && child !== null) open.push(child);
    }
  return places;
}
