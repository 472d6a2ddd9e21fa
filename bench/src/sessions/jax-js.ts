import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  numpy as np,
  random,
  tree,
  valueAndGrad,
} from '@jax-js/jax';
import type { Batch } from '@mnist-kit/core';
import type { Work } from '../works/work.js';
import { firstBatches } from './data.js';
import { initialise, type Params, predict, type Statistics, train } from './jax-js-net.js';
import { type NetShape, shapeOfNet } from './nets.js';
import type { Session } from './session.js';

/** Mean negative log-likelihood of the labels, given one-hot; with it the moved statistics. */
export const lossOf =
  (shape: NetShape) =>
  (params: Params, running: Statistics, [images, labels, key]: [np.Array, np.Array, np.Array]) => {
    const batch = images.shape[0];
    const [outputs, moved] = train(shape, params, running, [images, key]);
    return [outputs.mul(labels).sum().div(-batch), moved] as [np.Array, Statistics];
  };

/** One training step with Adam, compiled as a whole. */
const trainStepOf = (shape: NetShape) =>
  jit(
    (
      params: Params,
      running: Statistics,
      [m, v]: [Params, Params],
      [corrections, ...batch]: [np.Array, np.Array, np.Array, np.Array],
    ) => {
      const [[value, moved], gradients] = valueAndGrad(lossOf(shape), { hasAux: true })(
        tree.ref(params),
        running,
        batch,
      );
      const decayed = tree.map((g: np.Array, p: np.Array) => g.add(p.mul(1e-4)), gradients, tree.ref(params));
      const m1 = tree.map((a: np.Array, g: np.Array) => a.mul(0.9).add(g.mul(0.1)), m, tree.ref(decayed));
      const v1 = tree.map(
        (a: np.Array, g: np.Array) => a.mul(0.999).add(np.square(g).mul(0.001)),
        v,
        decayed,
      );
      const [rate, root] = np.split(corrections, 2);
      const updated = tree.map(
        (p: np.Array, a: np.Array, b: np.Array) =>
          p.sub(a.mul(rate.ref).div(np.sqrt(b).mul(root.ref).add(1e-8))),
        params,
        tree.ref(m1),
        tree.ref(v1),
      );
      tree.dispose([rate, root]);
      return [value, updated, moved, [m1, v1]] as [np.Array, Params, Statistics, [Params, Params]];
    },
  );

/** The same nets on jax-js's WebAssembly backend, as its documentation recommends: pure functions, jitted. */
export async function jaxJsSession({ kind, net, batch }: Work, root: string): Promise<Session> {
  await init('wasm');
  defaultDevice('wasm');
  const next = await firstBatches(root, batch);
  const shape = shapeOfNet(net);
  let [params, running] = initialise(shape, 1);
  if (kind === 'inference') {
    const infer = jit((...inputs: [Params, Statistics, np.Array]) => predict(shape, ...inputs));
    return {
      step: async () => {
        await infer(tree.ref(params), tree.ref(running), imagesOf(next())).data();
      },
    };
  }
  const zeros = () => tree.map((a: np.Array) => np.zerosLike(a), tree.ref(params)) as Params;
  let moments: [Params, Params] = [zeros(), zeros()];
  const trainStep = trainStepOf(shape);
  let key = random.key(2);
  let steps = 0;
  return {
    step: async () => {
      steps += 1;
      const data = next();
      const [kept, used] = [...random.split(key, 2)];
      key = kept;
      const rate = 1e-3 / (1 - 0.9 ** steps);
      const corrections = np.array(new Float32Array([rate, 1 / Math.sqrt(1 - 0.999 ** steps)]));
      const inputs: [np.Array, np.Array, np.Array, np.Array] = [
        corrections,
        imagesOf(data),
        oneHot(data),
        used,
      ];
      let value: np.Array;
      [value, params, running, moments] = trainStep(params, running, moments, inputs);
      await value.data();
      await blockUntilReady(params);
    },
  };
}

/** One channel: NHWC is NCHW. */
export const imagesOf = ({ images, size, shape: [height, width] }: Batch): np.Array =>
  np.array(images.slice()).reshape([size, 1, height, width]);

export function oneHot({ labels, size }: Batch): np.Array {
  const values = new Float32Array(size * 10);
  for (let i = 0; i < size; i++) values[i * 10 + labels[i]] = 1;
  return np.array(values).reshape([size, 10]);
}
