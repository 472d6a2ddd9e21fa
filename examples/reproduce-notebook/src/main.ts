/** The notebook's experiments from the command line. `--help` lists the options. */
import { FAILED, interruptedCode, type Output, runMain } from '@mnist-kit/cli/toolkit';
import { parseOptions } from './options.js';
import { prepareFolder } from './output-folder.js';

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
  if (interrupted) return interruptedCode();
  return delivered ? 0 : FAILED;
}

await runMain(main);
