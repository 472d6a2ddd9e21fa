import { trainingReport, worstMistakes } from '@mnist-kit/plots';
import { reference } from './helpers.js';

/** A report with every part in it. */
export function fullReport(): string {
  const image = { data: Uint8Array.from({ length: 784 }, (_, i) => (i * 7) % 256), width: 28, height: 28 };
  const labels = Array.from({ length: 40 }, (_, i) => i % 10);
  const logProbabilities = labels.flatMap((label, i) =>
    Array.from({ length: 10 }, (_, c) => (c === (label + (i % 3 === 0 ? 1 : 0)) % 10 ? -0.1 : -4.5 - c / 10)),
  );
  return trainingReport({
    title: 'OptimizedNet on MNIST',
    subtitle: 'Experiment “optimized”, seed 1',
    history: reference,
    target: 0.994,
    extra: [{ metric: 'valAccuracyClean', name: 'Validation, clean' }],
    configuration: {
      seed: 1,
      optimizer: { name: 'Adam', lr: 1e-3, weightDecay: 1e-4 },
      split: [50_000, 10_000],
    },
    results: { testAccuracy: 0.9858, testLoss: 0.0508 },
    reference: {
      name: 'PyTorch 1.13',
      history: [
        { epoch: 1, valAccuracy: 0.8849 },
        { epoch: 20, valAccuracy: 0.9799, valLoss: 0.07 },
      ],
      results: { testAccuracy: 0.986 },
    },
    confusion: Array.from({ length: 10 }, (_, t) =>
      Array.from({ length: 10 }, (_, p) => (t === p ? 980 : (t * p) % 4)),
    ),
    mistakes: worstMistakes(() => image, { labels, logProbabilities }),
    notes: ['Validation images are augmented as well.'],
    environment: { node: 'v20.20.2', engine: 'plan' },
    footer: 'Made by mnist-kit',
  });
}
