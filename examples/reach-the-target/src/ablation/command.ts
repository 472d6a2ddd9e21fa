import type { RankedTrial, SearchSpace } from '@mnist-kit/cli';
import { folder, integer, interruptedCode, plainCommand, threadsOption } from '@mnist-kit/cli/toolkit';
import { checkRecipe } from '../check-recipe.js';
import { percent } from '../statistics.js';
import { runSweep } from '../sweep/run-sweep.js';
import { trainRecipe } from '../train-recipe.js';
import { ABLATION, BASELINE } from './rows.js';

/** `npm run reach -- ablation`: the notebook's first experiment with one thing changed at a time. */
export async function ablation(argv: readonly string[]): Promise<number> {
  const command = plainCommand('npm run reach -- ablation')
    .description(
      "Trains the notebook's first experiment with one thing changed at a time, and measures each.",
    )
    .requiredOption('--out <file>', 'JSONL file of the results; what it holds is not trained again', folder)
    .option('--seeds <n>', 'seeds of each row: 1 to <n>', integer(1, 100), 3)
    .addOption(threadsOption());
  command.parse(argv, { from: 'user' });
  const { out, seeds, threads } = command.opts<{ out: string; seeds: number; threads?: number }>();
  const space: SearchSpace = {
    search: 'list',
    list: ABLATION.map(({ changes }) => changes),
    trainSeeds: Array.from({ length: seeds }, (_, i) => i + 1),
  };
  const { results, interrupted } = await runSweep({
    space,
    recipe: BASELINE,
    out,
    check: checkRecipe,
    train: (recipe, seed) => trainRecipe(recipe, { seed, judge: 'validation', threads }),
    print: (line) => console.error(line),
  });
  if (interrupted) return interruptedCode();
  console.log(ablationTable(results));
  return 0;
}

/** A row for each change, in their order, as a table of Markdown. */
export function ablationTable(results: readonly RankedTrial[]): string {
  const of = (changes: unknown) =>
    results.find((result) => JSON.stringify(result.changes) === JSON.stringify(changes));
  const baseline = of({});
  const rows = ABLATION.flatMap(({ name, changes, expected = '' }) => {
    const result = of(changes);
    if (result === undefined || baseline === undefined) return [];
    const difference = 100 * (result.valAccuracy - baseline.valAccuracy);
    const cells = [
      name,
      String(result.parameters),
      `${percent(result.valAccuracy)}${result.deviation === undefined ? '' : ` ± ${percent(result.deviation)}`}`,
      result.valAccuracies.map(percent).join(', '),
      expected,
      result === baseline ? '' : `${difference < 0 ? '' : '+'}${difference.toFixed(2)}`,
    ];
    return [`| ${cells.join(' | ')} |`];
  });
  return [
    '| one change | parameters | validation, % | each seed | expected | measured difference |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
