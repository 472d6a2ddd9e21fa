import { readFile } from 'node:fs/promises';
import { sweepPlot, sweepTable } from '@mnist-kit/cli';
import { folder, interruptedCode, plainCommand, threadsOption } from '@mnist-kit/cli/toolkit';
import { InvalidArgumentError } from '@mnist-kit/core';
import { savePlot } from '@mnist-kit/plots/node';
import { checkRecipe } from '../check-recipe.js';
import { RECIPES } from '../recipes.js';
import { trainRecipe } from '../train-recipe.js';
import { runSweep } from './run-sweep.js';
import { checkSpace, type Space } from './space.js';

/** `npm run reach -- sweep FILE`: trains what is missing and prints the ranking. */
export async function sweep(argv: readonly string[]): Promise<number> {
  const command = plainCommand('npm run reach -- sweep')
    .description('Searches a space for recipes, by accuracy on 10,000 held-out training images.')
    .argument('<space>', 'JSON file with the search space')
    .requiredOption('--out <file>', 'JSONL file of the results; what it holds is not trained again', folder)
    .option('--cache <dir>', 'folder where trained teachers are kept (default: none)', folder)
    .option('--plot <file>', '.svg or .png file for a plot of the trials over what they change')
    .addOption(threadsOption());
  command.parse(argv, { from: 'user' });
  const { out, cache, plot, threads } = command.opts<{
    out: string;
    cache?: string;
    plot?: string;
    threads?: number;
  }>();
  const space = await readSpace(command.args[0]);
  const { results, interrupted } = await runSweep({
    space,
    recipe: RECIPES[space.recipe],
    out,
    check: checkRecipe,
    train: (recipe, seed) => trainRecipe(recipe, { seed, judge: 'validation', cache, threads }),
    print: (line) => console.error(line),
  });
  if (interrupted) return interruptedCode();
  console.log(sweepTable(results));
  if (plot !== undefined)
    await savePlot(plot, await sweepPlot(results, space, { title: `Trials of ${space.recipe}` }));
  return 0;
}

async function readSpace(path: string): Promise<Space> {
  const text = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError('space', `must be a file of JSON (${(error as Error).message})`, path);
  }
  return checkSpace(value, RECIPES);
}
