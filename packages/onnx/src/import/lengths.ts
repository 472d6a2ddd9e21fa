import type { Site } from './site.js';
import { onnxShape, type ShapeValue, type Value } from './value.js';

type Length = number | 'batch';

/** Shapes have few axes, so lists of lengths are short. */
const MOST_LENGTHS = 16;

/** `Shape`: lengths of a tensor, that of the batch as a symbol. */
export function shapeOf(site: Site): Value {
  const shape = onnxShape(site.tensor(0));
  const lengths = shape.map((length, i): Length => {
    if (i === 0) return 'batch';
    if (length === null) throw site.refuse(`axis ${i} of its input has no fixed length`);
    return length;
  });
  const { attributes } = site;
  return list(site, lengths.slice(attributes.int('start', 0), attributes.int('end', lengths.length)));
}

/** `Gather` of lengths. */
export function gather(site: Site): Value {
  const { lengths } = lengthsIn(site, site.value(0));
  site.attributes.must('axis', 0);
  const value = site.value(1);
  const indices = site.integers(1) ?? [];
  const scalar = value.kind === 'constant' && value.constant.shape.length === 0;
  const picked = indices.map((index) => {
    const length = lengths[index < 0 ? index + lengths.length : index];
    if (length === undefined) throw site.refuse(`there is no length ${index} among ${lengths.length}`);
    return length;
  });
  return { kind: 'shape', lengths: picked, scalar };
}

/** `Slice` of lengths. */
export function slice(site: Site): Value {
  const { lengths } = lengthsIn(site, site.value(0));
  const part = (name: string, index: number) =>
    site.attributes.has(name) ? site.attributes.ints(name) : site.integers(index);
  const [starts, ends, axes, steps] = ['starts', 'ends', 'axes', 'steps'].map((name, i) => part(name, i + 1));
  if (starts?.length !== 1 || ends?.length !== 1 || String(axes ?? 0) !== '0' || String(steps ?? 1) !== '1')
    throw site.refuse('it must take lengths that stand together');
  return list(site, lengths.slice(starts[0], ends[0]));
}

/** `Concat` of lengths. */
export const concatShapes = (site: Site, values: readonly Value[]): Value => {
  site.attributes.must('axis', 0);
  return list(
    site,
    values.flatMap((value) => lengthsIn(site, value).lengths),
  );
};

/** `Mul` of two lengths. */
export function multiply(site: Site): Value {
  const values = [site.value(0), site.value(1)].map((value) => lengthsIn(site, value));
  const [[a], [b]] = values.map(({ lengths }) => lengths);
  if (values.some(({ lengths }) => lengths.length !== 1) || typeof a !== 'number' || typeof b !== 'number')
    throw site.refuse('it must multiply two lengths that are fixed');
  return { kind: 'shape', lengths: [a * b], scalar: values.every(({ scalar }) => scalar) };
}

/** Lengths that a graph computed, or that the file holds. */
export function lengthsIn(site: Site, value: Value): ShapeValue {
  if (value.kind === 'shape') return value;
  const { constant } = value.kind === 'constant' ? value : { constant: undefined };
  if (constant?.integers === undefined)
    throw site.refuse(`it must have lengths here. Received: a ${value.kind}`);
  return { kind: 'shape', lengths: constant.integers, scalar: constant.shape.length === 0 };
}

function list(site: Site, lengths: readonly Length[]): ShapeValue {
  if (lengths.length > MOST_LENGTHS) throw site.refuse(`it must have at most ${MOST_LENGTHS} lengths`);
  return { kind: 'shape', lengths, scalar: false };
}
