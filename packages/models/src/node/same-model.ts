import type * as tfl from '@tensorflow/tfjs-layers';

/** Fields of a layer that say how it was built and used, not what it is. */
const bookkeeping = new Set([
  ...[
    'id',
    'inboundNodes',
    'outboundNodes',
    '_trainableWeights',
    '_nonTrainableWeights',
    '_losses',
    '_updates',
  ],
  ...['_built', '_callHook', '_addedWeightNames', '_stateful', '_refCount', 'fastWeightInitDuringBuild'],
  // Of a layer; a recurrent one's cell gets another name each time.
  ...['name', 'initialWeights', 'inputSpec', 'activityRegularizerFn', 'model', 'layers'],
]);

/**
 * Finds what a model lost on its way through a file.
 *
 * @param saved The model.
 * @param loaded What TensorFlow.js makes of its saved form.
 * @returns What differs, as a clause; undefined when nothing does.
 */
export function findDifference(saved: tfl.LayersModel, loaded: tfl.LayersModel): string | undefined {
  return findDifferentLayer(saved, loaded) ?? findDifferentWeight(saved, loaded);
}

/** As {@link findDifference}, whatever the weights are. */
export function findDifferentLayer(saved: tfl.LayersModel, loaded: tfl.LayersModel): string | undefined {
  if (saved.layers.length !== loaded.layers.length) return 'the number of layers';
  for (const [i, layer] of saved.layers.entries()) {
    const other = loaded.layers[i];
    const name = `layer "${layer.name}" (${layer.getClassName()})`;
    if (layer.name !== other.name || layer.getClassName() !== other.getClassName()) return name;
    if ('layers' in layer) {
      const inner = findDifferentLayer(layer as tfl.LayersModel, other as tfl.LayersModel);
      if (inner !== undefined) return inner;
      continue;
    }
    const field = differentField(layer, other);
    if (field !== undefined) return `\`${field}\` of ${name}`;
  }
  return undefined;
}

function differentField(layer: object, other: object): string | undefined {
  const fields = other as Record<string, unknown>;
  return Object.entries(layer)
    .filter(([key]) => !bookkeeping.has(key))
    .find(([key, value]) => !isSame(value, fields[key], 0))?.[0];
}

/** What has no form that could be compared, a function or a weight, counts as the same. */
function isSame(a: unknown, b: unknown, depth: number): boolean {
  if (a == null || b == null) return a == null && b == null;
  if (typeof a !== 'object') return typeof a === 'function' || Object.is(a, b) || (a === 0 && b === 0);
  if (typeof b !== 'object' || depth > 4) return depth > 4;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i], depth + 1));
  if ('inboundNodes' in a && isConfigurable(a))
    return isConfigurable(b) && a.getClassName() === b.getClassName() && differentField(a, b) === undefined;
  if (isConfigurable(a))
    return (
      isConfigurable(b) &&
      a.getClassName() === b.getClassName() &&
      isSame({ ...a.getConfig() }, { ...b.getConfig() }, depth + 1)
    );
  if (Object.getPrototypeOf(a) !== Object.prototype) return true;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...keys].every((key) => isSame(left[key], right[key], depth + 1));
}

interface Configurable {
  getClassName(): string;
  getConfig(): Record<string, unknown>;
}

function isConfigurable(value: object): value is Configurable {
  return 'getClassName' in value && 'getConfig' in value;
}

/** Two weights of one name, as nested models may have, are one in a file. */
function findDifferentWeight(saved: tfl.LayersModel, loaded: tfl.LayersModel): string | undefined {
  if (saved.weights.length !== loaded.weights.length) return 'the number of weights';
  const different = saved.weights.find((weight, i) => {
    const [a, b] = [weight, loaded.weights[i]].map((variable) => variable.read().dataSync());
    return a.length !== b.length || a.some((value, j) => !Object.is(value, b[j]));
  });
  return different === undefined ? undefined : `weight "${different.originalName}"`;
}
