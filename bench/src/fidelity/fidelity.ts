import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { lossComparison } from '@mnist-kit/plots';
import { savePlot } from '@mnist-kit/plots/node';
import type { FidelityOptions } from '../cli/options.js';
import { describeMachine } from '../report/machine.js';
import { formatTable } from '../report/table.js';
import { findPython } from '../runners/python.js';
import { torchvisionRoot } from '../works/torchvision-root.js';
import { compareCurves } from './curve.js';
import { ourCurve } from './our-curve.js';
import { pytorchCurve } from './pytorch-curve.js';

/** Steps whose losses are printed and held to the tolerance. */
const SHOWN = 20;
const TOLERANCE = 1e-3;

/**
 * Trains the notebook's first experiment here and in real PyTorch from the same seed, augmentation and dropout
 * on, and shows how far the losses lie apart. Exit code 1 where they are further apart than rounding explains.
 */
export async function fidelity(options: FidelityOptions): Promise<void> {
  const { steps, seed, threads, engine, out } = options;
  const python = await findPython();
  if (typeof python === 'string') {
    console.log(python);
    return;
  }
  const root = torchvisionRoot();
  const reference = await pytorchCurve(python, { steps, seed, threads, root });
  const ours = await ourCurve({ steps, seed, threads, root, engine });
  const { differences, samePixels } = compareCurves(ours, reference);
  const largest = Math.max(...differences.slice(0, SHOWN));

  const rows = differences
    .slice(0, SHOWN)
    .map((difference, i) => [
      String(i + 1),
      reference[i].loss.toFixed(6),
      ours[i].loss.toFixed(6),
      difference.toExponential(1),
    ]);
  console.log(formatTable([['step', 'PyTorch', 'mnist-kit', 'relative difference'], ...rows]));
  console.log(
    `\nLargest relative difference of the first ${rows.length} losses: ${largest.toExponential(2)} ` +
      `(at most ${TOLERANCE}); of all ${steps}: ${Math.max(...differences).toExponential(2)}.\n` +
      `Batches with the same pixels, bit for bit: ${samePixels} of ${steps}.`,
  );

  await mkdir(out, { recursive: true });
  const machine = describeMachine({ python });
  const document = { machine, seed, steps, threads, engine, tolerance: TOLERANCE, samePixels, differences };
  const losses = { pytorch: reference.map(({ loss }) => loss), ours: ours.map(({ loss }) => loss) };
  await writeFileAtomic(join(out, 'fidelity.json'), `${JSON.stringify({ ...document, losses }, null, 2)}\n`);
  const svg = lossComparison(
    [
      { name: `PyTorch ${python.torch}`, values: losses.pytorch },
      { name: 'mnist-kit', values: losses.ours },
    ],
    { title: `OptimizedNet, seed ${seed}: augmentation and dropout on`, tolerance: TOLERANCE },
  );
  await savePlot(join(out, 'fidelity.svg'), svg);
  await savePlot(join(out, 'fidelity.png'), svg);
  console.log(`Written to ${out}`);
  if (!(largest <= TOLERANCE)) process.exitCode = 1;
}
