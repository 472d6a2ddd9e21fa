import { DataError } from '@mnist-kit/core';
import { type Dataset, fashionMnist, mnist } from '@mnist-kit/datasets';

export interface Data {
  readonly train: Dataset;
  readonly test: Dataset;
}

/**
 * Fashion-MNIST, which is downloaded once (30 MB) and kept; or the digits, which come with the install. Nobody gets the
 * one for the other: where Fashion-MNIST cannot be had, the error says how to ask for the digits.
 *
 * @param root A folder with the four files; then nothing is downloaded.
 */
export async function loadData(name: 'fashion' | 'digits', root?: string): Promise<Data> {
  if (name === 'digits')
    return { train: await mnist({ split: 'train', root }), test: await mnist({ split: 'test', root }) };
  try {
    return {
      train: await fashionMnist({ split: 'train', root }),
      test: await fashionMnist({ split: 'test', root }),
    };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(
      `${error.message}\nFashion-MNIST is not here. With --data digits the same program trains on MNIST, which comes with the install.`,
      { cause: error },
    );
  }
}
