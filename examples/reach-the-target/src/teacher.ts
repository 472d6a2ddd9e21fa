import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { loadStateDict, readSafetensors, stateDict, writeSafetensors } from '@mnist-kit/models';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildNet } from './build.js';
import type { Recipe } from './recipe.js';
import { RECIPES } from './recipes.js';
import type { TrainOptions } from './train-options.js';

/** Teachers that this process has trained or read, by everything that decides their weights. */
const teachers = new Map<string, LayersModel>();

/**
 * A trained teacher: of this process, from the cache folder, or else trained now. It is the same one in each case.
 *
 * @param train Trains it; `undefined` when that was interrupted.
 */
export async function findTeacher(
  { recipe: name, epochs, seed }: { recipe: string; epochs: number; seed: number },
  options: TrainOptions,
  train: (recipe: Recipe, options: TrainOptions) => Promise<LayersModel | undefined>,
): Promise<LayersModel | undefined> {
  const { judge, trainSamples, cache, print = () => {} } = options;
  const recipe = { ...RECIPES[name], epochs };
  const { title: _, ...decisive } = recipe;
  const key = JSON.stringify([decisive, seed, judge, trainSamples]);
  const known = teachers.get(key);
  if (known !== undefined) return known;

  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const file = cache === undefined ? undefined : join(cache, `teacher-${name}-${hash}.safetensors`);
  let model: LayersModel | undefined;
  if (file !== undefined && existsSync(file)) {
    print(`teacher: ${file}`);
    model = buildNet(recipe, new Generator(0));
    loadStateDict(model, readSafetensors(await readFile(file)));
  } else {
    print(`teacher: ${name}, ${epochs} epochs, seed ${seed}`);
    if (cache !== undefined) await mkdir(cache, { recursive: true });
    model = await train(recipe, { ...options, seed });
    if (model === undefined) return undefined;
    if (file !== undefined) await writeFileAtomic(file, writeSafetensors(stateDict(model)));
  }
  teachers.set(key, model);
  return model;
}
