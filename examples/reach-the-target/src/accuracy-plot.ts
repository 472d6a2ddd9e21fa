import { readFile } from 'node:fs/promises';
import { plainCommand } from '@mnist-kit/cli/toolkit';
import { scatterPlot } from '@mnist-kit/plots';
import { savePlot } from '@mnist-kit/plots/node';
import { PUBLIC_RESULTS } from './public-results.js';
import { parseResults, type RecipeResult } from './results-table.js';
import { deviation, mean } from './statistics.js';

/** `npm run reach -- plot RESULTS --out FILE`: accuracy over parameters, beside what others report. */
export async function plot(argv: readonly string[]): Promise<number> {
  const command = plainCommand('npm run reach -- plot')
    .description('Draws the accuracy of each recipe over its parameters, beside results that others report.')
    .argument('<results>', 'file of the lines that --json prints')
    .requiredOption('--out <file>', '.svg or .png file');
  command.parse(argv, { from: 'user' });
  const [path] = command.args;
  await savePlot(
    command.opts<{ out: string }>().out,
    accuracyPlot(parseResults(await readFile(path, 'utf8'))),
  );
  return 0;
}

/** Mean and standard deviation over the seeds of each recipe, with what others report, as SVG. */
export function accuracyPlot(results: readonly RecipeResult[]): string {
  const recipes = [...new Set(results.map(({ recipe }) => recipe))];
  const ours = recipes.map((recipe) => {
    const own = results.filter((result) => result.recipe === recipe);
    const accuracies = own.map(({ testAccuracy }) => testAccuracy);
    const [middle, spread] = [mean(accuracies), deviation(accuracies)];
    return {
      ...{ x: own[0].parameters, y: middle, label: recipe },
      ...(spread === undefined ? {} : { bar: [middle - spread, middle + spread] as const }),
    };
  });
  const ways = [...new Set(PUBLIC_RESULTS.map(({ chosen }) => chosen))];
  return scatterPlot(
    [
      { name: 'mnist-kit: last weights, mean and deviation of the seeds', points: ours },
      ...ways.map((way) => ({
        name: `others: ${way}`,
        points: PUBLIC_RESULTS.filter(({ chosen }) => chosen === way).map(({ parameters, testAccuracy }) => ({
          ...{ x: parameters, y: testAccuracy },
        })),
      })),
    ],
    {
      ...{ title: 'MNIST: test accuracy over trainable parameters', height: 460, target: 0.994 },
      ...{ xName: 'Parameters', yName: 'Test accuracy', xScale: 'log', yFormat: 'percent' },
    },
  );
}
