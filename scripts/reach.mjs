// @ts-check
// `npm run reach`: installs, builds, runs the example that reaches the notebook's target.
// Plain Node: before the install there is no dependency to lean on.
import { runExample } from './lib/run-example.mjs';

await runExample('reach-the-target');
