import { ModelError } from '@mnist-kit/core';

/** A layer that the plan cannot run; the message names it and says why. */
export class UnsupportedLayerError extends ModelError {}
