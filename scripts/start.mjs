// @ts-check
// `npm start`: installs, builds, runs the notebook. What is up to date is skipped.
// Plain Node: before the install there is no dependency to lean on.
import { runExample } from './lib/run-example.mjs';

await runExample('reproduce-notebook');
