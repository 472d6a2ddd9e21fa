import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { RECIPES } from '../recipes.js';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Runs the built program in a process of its own. */
function cli(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

test('--list prints a line for each recipe, with its parameters and epochs', async () => {
  const { code, stdout } = await cli('--list');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(Object.keys(RECIPES).length);
  for (const [i, [name, recipe]] of Object.entries(RECIPES).entries()) {
    const [, first, parameters, epochs] = /^(\S+) +(\d+) parameters +(\d+) epochs/.exec(lines[i]) ?? [];
    expect(first).toBe(name);
    expect(Number(parameters)).toBeLessThan(recipe.below);
    expect(Number(epochs)).toBe(recipe.epochs);
  }
});

test.each<[string[], RegExp]>([
  [['under-1000000'], /unknown recipe 'under-1000000'[\s\S]*under-20000/],
  [['constructor'], /unknown recipe/],
  [[], /say which recipe: .*under-20000/],
  [['--list', 'under-20000'], /--list takes no recipe/],
  [['under-20000', 'under-20000'], /too many arguments/],
  [['under-20000', '--seed', '-1'], /--seed[\s\S]*-1[\s\S]*whole number from 0 to 4294967295/],
  [['under-20000', '--seed', '4294967296'], /whole number/],
  [['under-20000', '--seed', '1.5'], /whole number/],
  [['under-20000', '--threads', '0'], /whole number from 1 to 256/],
  [['under-20000', '--sed', '1'], /unknown option '--sed'[\s\S]*--seed/],
])('%j is refused with code 2, and nothing on stdout', async (args, message) => {
  const { code, stdout, stderr } = await cli(...args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

test('--json leaves one line on stdout, and one epoch gets to 98% of the held-out digits', async () => {
  const { code, stdout, stderr } = await cli('race-99.0', '--seed', '3', '--validation', '--json');
  expect(stderr).toContain('epoch 1/1');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  const { valAccuracy, seconds, ...result } = JSON.parse(lines[0]);
  expect(result).toEqual({ recipe: 'race-99.0', seed: 3, parameters: 8750, epochs: 1 });
  expect(valAccuracy).toBeGreaterThan(0.98);
  expect(seconds).toBeGreaterThan(0);
}, 300_000);
