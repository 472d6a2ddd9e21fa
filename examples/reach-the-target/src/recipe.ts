import type { CompactBlock } from '@mnist-kit/models';

/** Everything that a training depends on but its seed: plain data, so that a sweep can change any of it. */
export interface Recipe {
  /** For people: what it is for. */
  title: string;
  /** The class that it belongs to: fewer trainable parameters than this. */
  below: number;
  net: {
    kind: 'compact';
    blocks: readonly CompactBlock[];
    /** Default true. */
    scale?: boolean;
  };
  epochs: number;
  batchSize: number;
  optimizer: {
    kind: 'adamW' | 'muon';
    /** Highest learning rate, of a OneCycleLR. */
    maxLr: number;
    /** Of kernels; biases and batch norms have none. */
    weightDecay: number;
  };
  /** Share of the steps in which the learning rate rises. */
  pctStart: number;
  augmentation: {
    /** Largest rotation in degrees. */
    degrees: number;
    /** Largest shift as a fraction of the image. */
    translate: number;
    /** Smallest and largest factor of the size. */
    scale?: readonly [number, number];
    /** Largest shear in degrees. */
    shear?: number;
  };
  labelSmoothing?: number;
  /** Epoch, as a fraction of all, from which the weights at the ends of epochs are averaged. */
  averageFrom?: number;
}
