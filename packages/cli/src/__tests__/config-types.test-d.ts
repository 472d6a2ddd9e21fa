import type { Config } from '@mnist-kit/cli';
import type { transforms as T } from '@mnist-kit/datasets';
import type {
  CrossEntropyLossOptions,
  LabelSmoothingCrossEntropyOptions,
  MixupOptions,
} from '@mnist-kit/losses';
import type { CompactNetOptions, ConvNetOptions, NetOptions } from '@mnist-kit/models';
import type {
  AdamOptions,
  ConstantLROptions,
  CosineAnnealingLROptions,
  CosineAnnealingWarmRestartsOptions,
  ExponentialLROptions,
  LinearLROptions,
  MultiStepLROptions,
  MuonOptions,
  OneCycleLROptions,
  ReduceLROnPlateauOptions,
  SGDOptions,
  StepLROptions,
} from '@mnist-kit/optim';
import type {
  EarlyStoppingOptions,
  ExponentialMovingAverageOptions,
  ModelCheckpointOptions,
  StochasticWeightAveragingOptions,
  TrainerOptions,
} from '@mnist-kit/trainer';
import { expectTypeOf, test } from 'vitest';

/** Fields of a part of one kind. */
type Fields<Part, Kind> = Exclude<keyof Extract<Part, { kind: Kind }>, 'kind'>;
/** Options that a file can hold, of a class of the packages. */
type Options<T, Not extends keyof T = never> = Exclude<keyof T, Not>;

test('the config has every option of the optimizers', () => {
  type Optimizer<K> = Exclude<Fields<Config['optimizer'], K>, 'decayAll'>;
  expectTypeOf<Optimizer<'Adam'>>().toEqualTypeOf<Options<AdamOptions, 'groups'>>();
  expectTypeOf<Optimizer<'AdamW'>>().toEqualTypeOf<Options<AdamOptions, 'groups'>>();
  expectTypeOf<Optimizer<'SGD'>>().toEqualTypeOf<Options<SGDOptions, 'groups'>>();
  expectTypeOf<Optimizer<'Muon'>>().toEqualTypeOf<Options<MuonOptions, 'groups'>>();
});

test('the config has every option of the schedulers', () => {
  type Scheduler<K> = Fields<NonNullable<Config['scheduler']>, K>;
  expectTypeOf<Scheduler<'StepLR'>>().toEqualTypeOf<Options<StepLROptions>>();
  expectTypeOf<Scheduler<'MultiStepLR'>>().toEqualTypeOf<Options<MultiStepLROptions>>();
  expectTypeOf<Scheduler<'ExponentialLR'>>().toEqualTypeOf<Options<ExponentialLROptions>>();
  expectTypeOf<Scheduler<'CosineAnnealingLR'>>().toEqualTypeOf<Options<CosineAnnealingLROptions>>();
  expectTypeOf<Scheduler<'CosineAnnealingWarmRestarts'>>().toEqualTypeOf<
    Options<CosineAnnealingWarmRestartsOptions>
  >();
  expectTypeOf<Scheduler<'LinearLR'>>().toEqualTypeOf<Options<LinearLROptions>>();
  expectTypeOf<Scheduler<'ConstantLR'>>().toEqualTypeOf<Options<ConstantLROptions>>();
  // How long the training is is known.
  type Length = 'totalSteps' | 'epochs' | 'stepsPerEpoch' | 'interval';
  expectTypeOf<Scheduler<'OneCycleLR'>>().toEqualTypeOf<Options<OneCycleLROptions, Length>>();
  expectTypeOf<Exclude<Scheduler<'ReduceLROnPlateau'>, 'monitor'>>().toEqualTypeOf<
    Options<ReduceLROnPlateauOptions, 'interval'>
  >();
});

test('the config has every option of nets, losses, transforms and mixup', () => {
  type Net<K> = Fields<Config['model'], K>;
  type Own = 'generator' | 'name';
  expectTypeOf<Net<'optimizedNet'>>().toEqualTypeOf<Options<NetOptions, Own>>();
  expectTypeOf<Net<'convNet'>>().toEqualTypeOf<Options<ConvNetOptions, Own>>();
  expectTypeOf<Net<'compactNet'>>().toEqualTypeOf<Options<CompactNetOptions, Own>>();
  type Loss<K> = Fields<Config['loss'], K>;
  expectTypeOf<Loss<'crossEntropyLoss'>>().toEqualTypeOf<Options<CrossEntropyLossOptions, 'reduction'>>();
  expectTypeOf<Loss<'labelSmoothingCrossEntropy'>>().toEqualTypeOf<
    Options<LabelSmoothingCrossEntropyOptions, 'reduction'>
  >();
  expectTypeOf<keyof NonNullable<Config['mixup']>>().toEqualTypeOf<
    Options<MixupOptions, 'random' | 'permutation'>
  >();
  expectTypeOf<Fields<Config['augmentation'][number], 'randomAffine'>>().toEqualTypeOf<
    keyof Parameters<typeof T.randomAffine>[0]
  >();
  expectTypeOf<keyof NonNullable<Config['normalize']>>().toEqualTypeOf<
    keyof Parameters<typeof T.normalize>[0]
  >();
});

test('the config has every option of the Trainer and its callbacks that a file can hold', () => {
  type Code =
    | ('model' | 'optimizer' | 'loss' | 'scheduler' | 'generator' | 'mixup' | 'callbacks' | 'metrics')
    | ('executor' | 'handleSignals' | 'log' | 'warn' | 'deterministic');
  expectTypeOf<keyof Config['trainer']>().toEqualTypeOf<Options<TrainerOptions, Code>>();
  expectTypeOf<keyof NonNullable<Config['earlyStopping']>>().toEqualTypeOf<Options<EarlyStoppingOptions>>();
  // What prediction and resuming read is always kept.
  type Kept = 'dir' | 'saveBest' | 'saveLast' | 'saveState';
  expectTypeOf<keyof Config['checkpoint']>().toEqualTypeOf<Options<ModelCheckpointOptions, Kept>>();
  type Averaging<K> = Fields<NonNullable<Config['averaging']>, K>;
  expectTypeOf<Averaging<'ExponentialMovingAverage'>>().toEqualTypeOf<
    Options<ExponentialMovingAverageOptions>
  >();
  expectTypeOf<Averaging<'StochasticWeightAveraging'>>().toEqualTypeOf<
    Options<StochasticWeightAveragingOptions>
  >();
});
