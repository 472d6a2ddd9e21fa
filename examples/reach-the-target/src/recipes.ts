import type { Recipe } from './recipe.js';

/** The recipes by name, largest nets first. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  'under-20000': {
    title: 'full convolutions, three pools',
    below: 20_000,
    net: {
      kind: 'compactNet',
      blocks: [
        { conv: 8 },
        { conv: 16 },
        'maxPool',
        { conv: 16 },
        { conv: 32 },
        'maxPool',
        { conv: 32 },
        'maxPool',
        { conv: 8 },
      ],
    },
    epochs: 20,
    batchSize: 128,
    optimizer: { kind: 'adamW', lr: 1e-2, weightDecay: 1e-2 },
    schedule: { kind: 'oneCycle', pctStart: 0.3, divFactor: 25 },
    augmentation: [{ affine: { degrees: 10, translate: [0.08, 0.08] } }],
    averageFrom: 0.75,
  },
};
