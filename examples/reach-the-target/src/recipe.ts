import type { transforms } from '@mnist-kit/datasets';
import type { CompactNetOptions, ConvNetOptions } from '@mnist-kit/models';

type AffineOptions = Parameters<typeof transforms.randomAffine>[0];

/** Everything that a training depends on but its seed: plain data, so that a sweep can change any of it. */
export interface Recipe {
  /** For people: what it is. */
  title: string;
  /** The class that it belongs to: fewer trainable parameters than this. */
  below: number;
  net:
    | ({ kind: 'compactNet' } & Pick<CompactNetOptions, 'blocks' | 'scale'>)
    | ({ kind: 'convNet' } & Pick<ConvNetOptions, 'channels' | 'poolAfter' | 'dropout' | 'fcDropout'>);
  epochs: number;
  batchSize: number;
  /** Batches of an epoch. Default: all images, but for those that do not fill a batch. */
  batches?: number;
  /** Side of the middle part of the images, in pixels, that the net is given. Default: all of them. */
  crop?: number;
  optimizer: {
    kind: 'adam' | 'adamW' | 'muon';
    /** The learning rate; where the schedule is a cycle, its highest. */
    lr: number;
    weightDecay: number;
    /** Whether biases and batch norms decay as well. Default false. */
    decayAll?: boolean;
  };
  schedule: /**
   * A rise in the first share of the steps from `lr / divFactor`, then a long way down to nothing; the momentum
   * goes the other way, from 0.95 to 0.85 and back, if `cycleMomentum` says so.
   */
    | { kind: 'oneCycle'; pctStart: number; divFactor: number; cycleMomentum: boolean }
    /** Times `gamma` every so many epochs. */
    | { kind: 'step'; stepSize: number; gamma: number };
  /** Random transforms of each training image, one after the other. */
  augmentation: readonly ({ rotation: number } | { affine: AffineOptions })[];
  /** Share of the target that is spread over all classes. Default: none. */
  labelSmoothing?: number;
  mixup?: { alpha: number; probability: number };
  /**
   * Another recipe, whose net is trained first, from a seed of its own and on the same images, and says of every batch
   * what it sees: see `distillation` of `@mnist-kit/trainer`. With several seeds there are as many such nets, and their
   * answers are averaged. Default: none.
   */
  teacher?: {
    recipe: string;
    epochs: number;
    seed: number | readonly number[];
    weight: number;
    temperature: number;
  };
  /** Epoch, as a fraction of all, after which the weights at the ends of epochs are averaged. Default: never. */
  averageFrom?: number;
}
