import { existsSync, readFileSync } from 'node:fs';
import { DataError } from '@mnist-kit/core';
import { expect, test } from 'vitest';
import { accuracyPlot } from '../accuracy-plot.js';
import { checkRecipe } from '../check-recipe.js';
import { RECIPES } from '../recipes.js';
import { parseResults, type RecipeResult, resultsTable } from '../results-table.js';

const [name, recipe] = Object.entries(RECIPES)[0];
const result = (seed: number, testAccuracy: number): RecipeResult => ({
  recipe: name,
  seed,
  parameters: 19_000,
  epochs: 20,
  testAccuracy,
});
const recipes = { [name]: { ...recipe, epochs: 20 } };

test('a row has the mean, the standard deviation of a sample, and every seed in order', () => {
  const rows = resultsTable([result(2, 0.996), result(1, 0.994), result(3, 0.995)], recipes).split('\n');
  expect(rows[2]).toBe(`| \`${name}\` | 19,000 | 20 | 99.500 ± 0.10 | 1: 99.40, 2: 99.60, 3: 99.50 |`);
});

test('one seed has no standard deviation, and none is not measured yet', () => {
  expect(resultsTable([result(1, 0.994)], recipes)).toContain('| 99.400 | 1: 99.40 |');
  expect(resultsTable([], recipes)).toContain('not measured yet');
});

test('a line that is no result of a recipe is an error that names it', () => {
  const line = JSON.stringify(result(1, 0.99));
  expect(parseResults(`${line}\n\n${line}\n`)).toHaveLength(2);
  expect(() => parseResults(`${line}\n{"valAccuracy":1}`)).toThrow(DataError);
  expect(() => parseResults(`${line}\nnpm run reach`)).toThrow('Line 2');
});

test('the README has the table of the results that lie beside it, which are of these recipes', () => {
  const file = new URL('../../results.jsonl', import.meta.url);
  if (!existsSync(file)) return;
  const results = parseResults(readFileSync(file, 'utf8'));
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(resultsTable(results, RECIPES));
  for (const { recipe, parameters, epochs } of results)
    expect([checkRecipe(RECIPES[recipe]), RECIPES[recipe].epochs]).toEqual([parameters, epochs]);
  const pairs = results.map(({ recipe, seed }) => `${recipe} ${seed}`);
  expect(new Set(pairs).size).toBe(pairs.length);
});

test('the plot beside the README is of the results that lie beside it', () => {
  const beside = (name: string) => new URL(`../../${name}`, import.meta.url);
  if (!existsSync(beside('results.jsonl'))) return;
  const results = parseResults(readFileSync(beside('results.jsonl'), 'utf8'));
  expect(readFileSync(beside('accuracy.svg'), 'utf8')).toBe(accuracyPlot(results));
});
