/** Recipes that reach the notebook's target and go past it. `--help` lists the options. */
import { FAILED, interruptedCode, type Output, runMain } from '@mnist-kit/cli/toolkit';
import { type Options, parseOptions } from './options.js';
import { RECIPES } from './recipes.js';

async function main(argv: readonly string[], output: Output): Promise<number> {
  const [command, ...rest] = argv;
  if (command === 'sweep') return (await import('./sweep/command.js')).sweep(rest);
  if (command === 'ablation') return (await import('./ablation/command.js')).ablation(rest);
  if (command === 'plot') return (await import('./accuracy-plot.js')).plot(rest);
  if (command === 'race') return (await import('./race.js')).race(rest);
  if (command === 'table') return (await import('./results-table.js')).table(rest);
  const options = parseOptions(argv);
  // TensorFlow.js takes a moment to load: help and mistakes are answered without it.
  if (options.command === 'list') {
    const { listRecipes } = await import('./list.js');
    for (const line of listRecipes(RECIPES)) console.log(line);
    return 0;
  }
  return train(options, output);
}

async function train(options: Extract<Options, { command: 'train' }>, output: Output): Promise<number> {
  const { recipe: name, seed, judge, threads, cache, json } = options;
  const recipe = RECIPES[name];
  // With --json, stdout is for the machine: whatever the libraries print goes to stderr with the rest.
  if (json) console.log = console.error;
  const { trainRecipe } = await import('./train-recipe.js');
  const print = (line: string) => console.log(line);
  print(`${name}: ${recipe.title}, ${recipe.epochs} epochs, seed ${seed}`);
  const trained = await trainRecipe(recipe, { seed, judge, threads, cache, print });
  if (trained.interrupted) return interruptedCode();
  const { parameters, accuracy, seconds } = trained;
  const field = judge === 'test' ? 'testAccuracy' : 'valAccuracy';
  print(`${field} ${(accuracy * 100).toFixed(2)}%, ${parameters} parameters, ${seconds.toFixed(1)} s`);
  if (!json) return 0;
  const result = { recipe: name, seed, parameters, epochs: recipe.epochs, [field]: accuracy, seconds };
  return (await output.result(JSON.stringify(result))) ? 0 : FAILED;
}

await runMain(main);
