import { runAsWorker } from '@mnist-kit/core';
import { pixelKernel } from './pixel-kernel.js';

// The file of a loader's thread in a browser.
runAsWorker(pixelKernel);
