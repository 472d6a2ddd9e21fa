export { compose } from './compose.js';
export { type NormalizeOptions, normalize } from './normalize.js';
export { type RandomAffineOptions, type RandomAffineTransform, randomAffine } from './random-affine.js';
export { randomRotation } from './random-rotation.js';
