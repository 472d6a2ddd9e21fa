import { DataError, Generator, InvalidArgumentError } from '@mnist-kit/core';
import {
  type ArrayDataset,
  arrayDataset,
  fashionMnist,
  mnist,
  randomSplit,
  Subset,
} from '@mnist-kit/datasets';
import { LEAST_DRAWN, type Settings } from '../settings/settings.js';
import type { TrainingData } from './training-parts.js';

/** Digits that the visitor drew: bytes of 28 x 28 one after the other, and what they are. */
export interface DrawnDigits {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** Where the data comes from. */
export interface DataSource {
  /** Folder with MNIST's files; in Node the npm package has them. */
  readonly mnistUrl?: string;
  readonly drawn?: DrawnDigits;
  /** Told of bytes while files come. */
  readonly onProgress?: (loaded: number, total: number | undefined) => void;
}

/** Training images, and those that are held out. */
const SPLIT = [50_000, 10_000] as const;
/** The same for every run. */
const SPLIT_SEED = 42;

const loaded = new Map<string, Promise<ArrayDataset>>();

/** What a run trains on and is measured by; a data set is loaded once. */
export async function trainingData(
  { data, dataUrl }: Pick<Settings, 'data' | 'dataUrl'>,
  source: DataSource,
): Promise<TrainingData> {
  if (data === 'drawn') {
    const { drawn } = source;
    if (drawn === undefined || drawn.labels.length < LEAST_DRAWN)
      throw new DataError(
        `To train on your own digits draw at least ${LEAST_DRAWN}. There are ${drawn?.labels.length ?? 0}.`,
      );
    const { images, labels } = drawn;
    const train = arrayDataset({ images, labels, shape: [28, 28, 1], classes: [...'0123456789'] });
    // Others' digits say how much of it is more than learning by heart.
    const [, val] = split(await load('mnist', 'train', '', source));
    return {
      train,
      val: new Subset(
        val,
        Int32Array.from({ length: 2000 }, (_, i) => i),
      ),
    };
  }
  const [train, val] = split(await load(data, 'train', dataUrl, source));
  return { train, val };
}

/** The images that a net is tested with in the end. */
export function testData(data: Settings['data'], dataUrl: string, source: DataSource): Promise<ArrayDataset> {
  return load(data === 'fashionMnist' ? data : 'mnist', 'test', dataUrl, source);
}

function split(all: ArrayDataset) {
  return randomSplit(all, [...SPLIT], new Generator(SPLIT_SEED));
}

async function load(
  data: 'mnist' | 'fashionMnist',
  half: 'train' | 'test',
  dataUrl: string,
  { mnistUrl, onProgress }: DataSource,
): Promise<ArrayDataset> {
  const root = data === 'mnist' ? mnistUrl : dataUrl;
  if (data === 'fashionMnist' && root === '')
    throw new InvalidArgumentError(
      'dataUrl',
      'must be the address of a folder with the files of Fashion-MNIST',
      root,
    );
  const key = `${data} ${half} ${root}`;
  let dataset = loaded.get(key);
  if (dataset === undefined) {
    const make = data === 'mnist' ? mnist : fashionMnist;
    dataset = make({ split: half, root, ...progress(onProgress) });
    loaded.set(key, dataset);
    // What failed is tried again.
    dataset.catch(() => loaded.delete(key));
  }
  return dataset;
}

/** The page keeps the files itself, for when there is no network. */
function progress(onProgress: DataSource['onProgress']) {
  if (onProgress === undefined) return {};
  return {
    cache: false,
    onProgress: ({ loadedBytes, totalBytes }: { loadedBytes: number; totalBytes?: number }) =>
      onProgress(loadedBytes, totalBytes),
  };
}
