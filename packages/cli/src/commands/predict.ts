import { InvalidArgumentError } from '@mnist-kit/core';
import type { PreparePictureOptions } from '@mnist-kit/datasets';
import type { CommandResult, Terminal } from '../command-line/command-result.js';
import { besideEachOther, drawDigit, drawProbabilities, takesColor } from '../images/show-digit.js';
import type { ModelSource } from '../run/open-model.js';

/** What the command line of `predict` says. */
export interface PredictFlags extends ModelSource, PreparePictureOptions {
  /** Whether digits are drawn. Default true. */
  readonly draw?: boolean;
}

/** `mnist-kit predict FILE...`. */
export async function predict(
  files: readonly string[],
  { draw = true, ...flags }: PredictFlags,
  { print, json }: Terminal,
): Promise<CommandResult> {
  if (files.length === 0) throw new InvalidArgumentError('files', 'must be PNG or JPEG files', files);
  const [{ openModel }, { predictFiles }] = await Promise.all([
    import('../run/open-model.js'),
    import('../images/predict.js'),
  ]);
  const open = await openModel(flags);
  const color = takesColor(json ? process.stderr : process.stdout);
  print(`Model: ${open.from}`);
  const predictions = await predictFiles(open, files, flags, (prediction, { values, size }) => {
    const { file, probabilities, notes } = prediction;
    print(`\n${file}: ${prediction.prediction} (${(prediction.probability * 100).toFixed(1)}%)`);
    if (draw) {
      const longest = Math.max(...probabilities.map(({ name }) => name.length));
      const room = (process.stdout.columns || 80) - size - longest - 12;
      const bars = drawProbabilities(probabilities, Math.max(4, Math.min(24, room)));
      for (const line of besideEachOther(drawDigit(values, size, { color }), bars, size)) print(line);
    }
    for (const note of notes) print(`note: ${note}`);
  });
  open.model.dispose();
  return { result: { model: open.from, predictions } };
}
