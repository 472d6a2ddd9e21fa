import type { TensorDict } from '@mnist-kit/core';
import { buildModel } from '../../packages/engine/src/__tests__/architectures/build.js';
import type { Architecture, LayerSpec } from '../../packages/engine/src/__tests__/architectures/spec.js';
import { type Generated, generate } from './generate.js';
import { drawInputs } from './inputs.js';
import { type NetReport, verdictOf } from './report.js';
import type { Session } from './session.js';

/**
 * Leaves out layers of a failing net, one after the other, as long as it goes on failing in the same way on an executor.
 *
 * @returns The report of the smallest net found.
 */
export async function shrink(session: Session, report: NetReport, executor: string): Promise<NetReport> {
  const verdict = verdictOf(report, executor);
  let smallest = report;
  const { gains } = generate(report.architecture.seed);
  for (let i = 0; i < smallest.architecture.layers.length; ) {
    const next = await attempt(session, { architecture: without(smallest.architecture, i), gains });
    if (next && verdictOf(next, executor) === verdict) smallest = next;
    else i += 1;
  }
  return smallest;
}

/** The report of a net, undefined where its layers do not fit together. */
async function attempt(session: Session, { architecture, gains }: Generated): Promise<NetReport | undefined> {
  let inputs: TensorDict;
  try {
    const model = buildModel(architecture);
    const [, ...outputs] = model.outputs[0].shape;
    model.dispose();
    if (String(outputs) !== String(architecture.classes)) return undefined;
    inputs = drawInputs({ architecture, gains });
  } catch {
    return undefined;
  }
  await session.run(architecture, inputs);
  return session.collect();
}

/** The net without one layer: its readers read what it read first, and what nobody reads any more goes too. */
function without(architecture: Architecture, index: number): Architecture {
  const { name, from } = architecture.layers[index];
  const rest = architecture.layers
    .filter((_, i) => i !== index)
    .map((layer) => ({ ...layer, from: layer.from.map((one) => (one === name ? from[0] : one)) }));
  const read = new Set(rest.slice(-1).map((layer) => layer.name));
  for (const layer of rest.toReversed())
    if (read.has(layer.name)) for (const one of layer.from) read.add(one);
  return { ...architecture, layers: rest.filter((layer) => read.has(layer.name)) as LayerSpec[] };
}
