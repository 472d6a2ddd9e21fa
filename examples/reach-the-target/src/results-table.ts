import { readFile } from 'node:fs/promises';
import { plainCommand } from '@mnist-kit/cli/toolkit';
import { DataError } from '@mnist-kit/core';
import type { Recipe } from './recipe.js';
import { RECIPES } from './recipes.js';
import { deviation, mean, percent } from './statistics.js';

/** What `--json` prints about a training that was measured on the test set. */
export interface RecipeResult {
  recipe: string;
  seed: number;
  parameters: number;
  epochs: number;
  testAccuracy: number;
}

/** `npm run reach -- table FILE`: the results of a file of `--json` lines, by recipe. */
export async function table(argv: readonly string[]): Promise<number> {
  const command = plainCommand('npm run reach -- table')
    .description('Prints mean, standard deviation and every seed of each recipe.')
    .argument('<results>', 'file of the lines that --json prints');
  command.parse(argv, { from: 'user' });
  const [path] = command.args;
  console.log(resultsTable(parseResults(await readFile(path, 'utf8')), RECIPES));
  return 0;
}

/**
 * Reads lines of JSON.
 *
 * @throws DataError for a line that is no result.
 */
export function parseResults(text: string): RecipeResult[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      const value: Partial<RecipeResult> = JSON.parse(line);
      if (typeof value.recipe === 'string' && typeof value.testAccuracy === 'number')
        return [value as RecipeResult];
    } catch {
      // Said below.
    }
    throw new DataError(`Line ${index + 1} is no result of a recipe. Received: ${line.slice(0, 80)}`);
  });
}

/** A row for each recipe, as a table of Markdown. */
export function resultsTable(
  results: readonly RecipeResult[],
  recipes: Readonly<Record<string, Recipe>>,
): string {
  const rows = Object.entries(recipes).map(([name, { epochs }]) => {
    const own = results.filter(({ recipe }) => recipe === name).sort((a, b) => a.seed - b.seed);
    if (own.length === 0) return `| \`${name}\` | | ${epochs} | not measured yet | |`;
    const accuracies = own.map(({ testAccuracy }) => testAccuracy);
    const spread = deviation(accuracies);
    const middle = `${(mean(accuracies) * 100).toFixed(3)}${spread === undefined ? '' : ` ± ${percent(spread)}`}`;
    const seeds = own.map(({ seed, testAccuracy }) => `${seed}: ${percent(testAccuracy)}`).join(', ');
    return `| \`${name}\` | ${own[0].parameters.toLocaleString('en')} | ${epochs} | ${middle} | ${seeds} |`;
  });
  return [
    '| recipe | parameters | epochs | test accuracy, % | seed: accuracy |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
