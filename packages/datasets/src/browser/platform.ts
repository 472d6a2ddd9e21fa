import type { Platform } from '../load-options.js';
import { loadFromUrl } from './load-from-url.js';

export const platform: Platform = { loadSplit: loadFromUrl };
