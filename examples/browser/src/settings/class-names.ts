import { fashionMnistClasses } from '@mnist-kit/datasets';
import type { Settings } from './settings.js';

const DIGITS = [...'0123456789'];

/** What a data set's classes are called. */
export function classNames(data: Settings['data']): readonly string[] {
  return data === 'fashionMnist' ? fashionMnistClasses : DIGITS;
}
