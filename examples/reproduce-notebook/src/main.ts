/** The notebook's experiments from the command line. `--help` lists the options. */
import { MnistKitError } from '@mnist-kit/core';
import { parseOptions } from './options.js';
import { Output } from './output.js';
import { prepareFolder } from './output-folder.js';

/** Exit code after a user's mistake. */
const USER_MISTAKE = 2;
/** Exit code where stdout did not take the line of `--json`. */
const RESULT_LOST = 1;

async function main(argv: readonly string[], output: Output): Promise<number> {
  const options = parseOptions(argv);
  for (const experiment of options.experiments) await prepareFolder(options.out(experiment));

  // With --json, stdout is for the machine: whatever the libraries print goes to stderr with the rest.
  if (options.json) console.log = console.error;
  const print = (text: string) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);

  // TensorFlow.js takes a moment to load: help and mistakes are answered without it.
  const { runExperiment } = await import('./run-experiment.js');
  const results = [];
  let interrupted = false;
  for (const experiment of options.experiments) {
    const result = await runExperiment(experiment, options, print);
    results.push(result);
    interrupted = result.interrupted;
    if (interrupted) break;
  }
  const delivered = !options.json || (await output.result(JSON.stringify({ experiments: results })));
  // The Trainer has set the code by the signal: 130 after Ctrl-C, 143 after SIGTERM.
  if (interrupted) return Number(process.exitCode ?? 130);
  return delivered ? 0 : RESULT_LOST;
}

/** What went wrong, for somebody who cannot do anything with a stack trace. */
function explain(error: unknown): string | undefined {
  if (error instanceof MnistKitError) return error.message;
  // The file system said no: a folder that is missing, full or not ours to write to.
  if (error instanceof Error && 'syscall' in error && 'path' in error) return error.message;
  return undefined;
}

try {
  process.exitCode = await main(process.argv.slice(2), new Output());
} catch (error) {
  const explanation = explain(error);
  console.error(explanation === undefined ? error : `error: ${explanation}`);
  process.exitCode = explanation === undefined ? 1 : USER_MISTAKE;
}
