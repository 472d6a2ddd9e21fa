import type { Recipe } from '@mnist-kit/example-reach-the-target/recipe';
import { RECIPES } from '@mnist-kit/example-reach-the-target/recipes';
import { DEFAULTS, type NetSettings, type Settings } from './settings.js';

/** A ready-made set of settings. */
export interface Preset {
  readonly name: string;
  readonly title: string;
  /** What the page does otherwise than the original, if anything. */
  readonly note?: string;
  readonly settings: Settings;
}

const notebook: readonly Preset[] = [
  { name: 'quick', title: 'OptimizedNet, a quick start', settings: DEFAULTS },
  {
    name: 'notebook',
    title: 'OptimizedNet as in the notebook',
    settings: {
      ...DEFAULTS,
      optimizer: 'adam',
      lr: 0.001,
      weightDecay: 1e-4,
      schedule: { kind: 'step' },
      augmentation: { rotate: 10, shift: 0.1, zoom: 0, shear: 0 },
      epochs: 20,
    },
  },
  {
    name: 'improved',
    title: 'ImprovedNet with label smoothing and mixup',
    settings: {
      ...DEFAULTS,
      net: { kind: 'improvedNet' },
      augmentation: { rotate: 10, shift: 0.1, zoom: 0, shear: 0 },
      labelSmoothing: 0.1,
      mixup: 0.2,
      epochs: 15,
    },
  },
];

/** The first ones, and every recipe of the example that goes for the most accuracy from the fewest parameters. */
export const PRESETS: readonly Preset[] = [
  ...notebook,
  ...Object.entries(RECIPES).map(([name, recipe]) => fromRecipe(name, recipe)),
];

/** A recipe in this page's terms; what the page has no control for is said in the note. */
export function fromRecipe(name: string, recipe: Recipe): Preset {
  const { optimizer, schedule, augmentation } = recipe;
  const affine = augmentation.find((step) => 'affine' in step);
  const rotation = augmentation.find((step) => 'rotation' in step);
  const degrees = affine?.affine.degrees ?? rotation?.rotation ?? 0;
  const [shift = 0] = affine?.affine.translate ?? [];
  return {
    name,
    title: `${name}: ${recipe.title}`,
    note: noteOf(recipe),
    settings: {
      ...DEFAULTS,
      net: netOf(recipe),
      optimizer: optimizer.kind,
      lr: optimizer.lr,
      weightDecay: optimizer.weightDecay,
      schedule:
        schedule.kind === 'step'
          ? { kind: 'step' }
          : { kind: 'oneCycle', pctStart: schedule.pctStart, divFactor: schedule.divFactor },
      augmentation: { rotate: typeof degrees === 'number' ? degrees : degrees[1], shift, zoom: 0, shear: 0 },
      labelSmoothing: recipe.labelSmoothing ?? 0,
      mixup: recipe.mixup?.alpha ?? 0,
      averageFrom: recipe.averageFrom ?? 1,
      epochs: recipe.epochs,
      batchSize: recipe.batchSize,
    },
  };
}

/** What the page does otherwise than the recipe. */
function noteOf({ teacher, crop, batches }: Recipe): string | undefined {
  const differences = [
    ...(teacher === undefined ? [] : ['without its teacher']),
    ...(crop === undefined ? [] : ['on whole images']),
    ...(batches === undefined ? [] : ['on all batches of an epoch']),
  ];
  return differences.length === 0 ? undefined : `Trained here ${differences.join(', ')}.`;
}

function netOf({ net }: Recipe): NetSettings {
  if (net.kind === 'compactNet') return { kind: 'compactNet', blocks: net.blocks, scale: net.scale ?? true };
  const { channels, poolAfter = [], dropout = 0.1, fcDropout = 0.2 } = net;
  const blocks = channels.map((count, i) => ({ channels: count, pool: poolAfter.includes(i + 1) }));
  return { kind: 'convNet', blocks, dropout, fcDropout };
}
