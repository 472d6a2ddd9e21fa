import { folder, integer, plainCommand, threadsOption } from '@mnist-kit/cli/toolkit';
import { RECIPES } from './recipes.js';

/** What the command line asks for. */
export type Options =
  | { command: 'list' }
  | {
      command: 'train';
      recipe: string;
      seed: number;
      judge: 'validation' | 'test';
      /** `undefined` leaves the choice to the engine. */
      threads: number | undefined;
      /** Folder of trained teachers. */
      cache: string | undefined;
      json: boolean;
    };

const names = Object.keys(RECIPES);

/**
 * Reads the command line. Throws commander's error, which `runMain` explains, where it cannot be read or asks for
 * `--help`.
 */
export function parseOptions(argv: readonly string[]): Options {
  const command = plainCommand('npm run reach --')
    .description('Trains a recipe on MNIST and measures its final weights once.')
    .argument('[recipe]', 'which one; --list shows them')
    .option('--list', 'show the recipes: name, trainable parameters, epochs, what they are', false)
    .option('--seed <n>', 'weights, order and augmentation', integer(0, 0xffffffff), 1)
    .option(
      '--validation',
      'hold 10,000 training images out and measure on those, not on the test set',
      false,
    )
    .addOption(threadsOption())
    .option('--cache <dir>', 'folder where trained teachers are kept (default: none)', folder)
    .option('--json', 'print one line of JSON on stdout, everything else on stderr', false)
    .addHelpText('after', '\nOther commands, each with --help: sweep, ablation, race, table, plot');
  command.parse(argv, { from: 'user' });

  const [recipe] = command.args;
  const given = command.opts();
  if (given.list === true) {
    if (recipe !== undefined) command.error(`error: --list takes no recipe. Received: ${recipe}`);
    return { command: 'list' };
  }
  if (recipe === undefined) command.error(`error: say which recipe: ${names.join(', ')}`);
  if (!names.includes(recipe))
    command.error(`error: unknown recipe '${recipe}'. There are: ${names.join(', ')}`);
  return {
    command: 'train',
    recipe,
    seed: given.seed,
    judge: given.validation ? 'validation' : 'test',
    threads: given.threads,
    cache: given.cache,
    json: given.json,
  };
}
