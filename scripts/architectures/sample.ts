import type { Architecture, LayerSpec } from '../../packages/engine/src/__tests__/architectures/spec.js';
import type { NetReport } from './report.js';

/** Floats of a net's images, weights and results: a sample must stay small. */
const MOST_FLOATS = 12_000;

/**
 * Picks few nets that have every feature of them all: greedily, each time the one that adds most, the smaller one
 * where two add the same.
 *
 * @param size The number of floats that a net's file would hold.
 */
export function pickSample(
  reports: readonly NetReport[],
  size: (report: NetReport) => number,
  most: number,
): NetReport[] {
  const left = reports
    .filter((report) => size(report) <= MOST_FLOATS)
    .map((report) => ({ report, size: size(report), features: featuresOf(report.architecture) }));
  const covered = new Set<string>();
  const picked: NetReport[] = [];
  while (picked.length < most && left.length > 0) {
    const added = left.map(({ features }) => features.filter((one) => !covered.has(one)).length);
    const best = added.reduce((best, count, i) => {
      const better = count - added[best] || left[best].size - left[i].size;
      return better > 0 ? i : best;
    }, 0);
    if (added[best] === 0) break;
    const [{ report, features }] = left.splice(best, 1);
    for (const feature of features) covered.add(feature);
    picked.push(report);
  }
  return picked.sort((a, b) => a.architecture.seed - b.architecture.seed);
}

/** What is special about a net: layers with the options that matter, ways of joining, data. */
export function featuresOf({ layers, loss, batchSize, mean }: Architecture): string[] {
  const kinds = new Map(layers.map(({ name, kind }) => [name, kind]));
  const from = ({ from: sources }: LayerSpec) => sources.map((name) => kinds.get(name) ?? 'input');
  const features = layers.flatMap((layer) => [
    layer.kind,
    ...from(layer)
      .map((source) => `${layer.kind} of ${source}`)
      .filter((one) => LINKS.has(one)),
    ...(layer.kind === 'concatenate' || layer.kind === 'add' ? [`${layer.kind}: ${joint(from(layer))}`] : []),
    ...optionsOf(layer),
  ]);
  features.push(`loss ${loss.kind}`, `mean ${mean}`);
  const far = layers.filter(({ kind }) => mean === 1000 && kind === 'batchNorm').flatMap(from);
  features.push(...far.filter((kind) => FAR.has(kind)).map((kind) => `batchNorm of ${kind} far from zero`));
  // One channel, whose scale a batch norm takes out again.
  const single = new Set(
    layers.filter((layer) => layer.kind === 'conv' && layer.filters === 1).map(({ name }) => name),
  );
  if (layers.some((layer) => layer.kind === 'batchNorm' && single.has(layer.from[0])))
    features.push('batchNorm of one channel');
  if (batchSize === 1) features.push('one image');
  if (batchSize > 8) features.push('several chunks');
  return [...new Set(features)];
}

/** Neighbours that have gone wrong before. */
const LINKS = new Set([
  'batchNorm of input',
  'batchNorm of flatten',
  'batchNorm of dense',
  'batchNorm of batchNorm',
  'batchNorm of dropout',
  'dense of concatenate',
  'dense of add',
  'globalMax of maxPool',
  'averagePool of averagePool',
]);

/** Whose batch norms lose digits where images are far from zero. */
const FAR = new Set(['input', 'conv', 'depthwise', 'dense', 'maxPool', 'averagePool']);

function joint(sources: readonly string[]): string {
  const flat = sources.filter((kind) => kind === 'flatten').length;
  if (flat === sources.length) return 'flattened';
  return flat > 0 ? 'flattened and pooled' : sources.length > 2 ? 'three planes' : 'planes';
}

function optionsOf(layer: LayerSpec): string[] {
  const { kind } = layer;
  const found: string[] = [];
  if ('activation' in layer) found.push(`activation ${layer.activation}`);
  if ('useBias' in layer && !layer.useBias) found.push(`${kind} without bias`);
  if ('penalties' in layer)
    for (const [weight, { l1, l2 }] of Object.entries(layer.penalties)) {
      if (l1 > 0) found.push(`${kind} ${weight} l1`);
      if (l2 > 0) found.push(`${kind} ${weight} l2`);
    }
  if (kind === 'batchNorm') {
    if (!layer.scale) found.push('batchNorm without scale');
    if (!layer.center) found.push('batchNorm without centre');
  }
  if (kind === 'depthwise' && layer.multiplier > 1) found.push('depthwise multiplier');
  if ('size' in layer) {
    found.push(`${kind} ${layer.padding}`);
    if (layer.size[0] !== layer.size[1]) found.push(`${kind} rectangular`);
    if (layer.strides[0] !== layer.strides[1]) found.push(`${kind} two strides`);
    if (Math.max(...layer.strides) > 1) found.push(`${kind} strides ${layer.padding}`);
    if (layer.size.some((side, i) => side < layer.strides[i])) found.push(`${kind} gaps ${layer.padding}`);
    if ('dilation' in layer && layer.size.some((side, i) => side > 1 && layer.dilation[i] > 1))
      found.push(`${kind} dilated`);
  }
  return found;
}
