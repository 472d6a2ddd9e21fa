import { runAsWorker } from '@mnist-kit/core';
import { threadMain } from './thread-main.js';

// The file of a plan's threads in a browser.
runAsWorker(threadMain);
