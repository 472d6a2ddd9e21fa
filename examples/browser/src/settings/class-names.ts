import type { Settings } from './settings.js';

const DIGITS = [...'0123456789'];
const CLOTHES = [
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

/** What a data set's classes are called. */
export function classNames(data: Settings['data']): readonly string[] {
  return data === 'fashionMnist' ? CLOTHES : DIGITS;
}
