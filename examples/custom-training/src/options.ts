import { parseArgs } from 'node:util';
import { InvalidArgumentError } from '@mnist-kit/core';

const HELP = `Usage: node examples/custom-training/dist/main.js [options]

  --data fashion|digits   what to train on (default: fashion)
  --root DIR              folder with the four files of the data set; nothing is downloaded then
  --layer stock|own       scales channels by a stock layer, or by a class of this example, which runs eagerly (default: stock)
  --epochs N              default: 10
  --train-samples N       train on so many images (default: 55000 of the 60000; 5000 validate)
  --seed N                default: 7
  --help
`;

export interface Options {
  readonly data: 'fashion' | 'digits';
  readonly root: string | undefined;
  readonly layer: 'stock' | 'own';
  readonly epochs: number;
  readonly trainSamples: number;
  readonly seed: number;
}

/** The options of a command line; undefined where it asks for help, which is printed. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string', default: 'fashion' },
      root: { type: 'string' },
      layer: { type: 'string', default: 'stock' },
      epochs: { type: 'string', default: '10' },
      'train-samples': { type: 'string', default: '55000' },
      seed: { type: 'string', default: '7' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return undefined;
  }
  return {
    data: oneOf('--data', values.data, ['fashion', 'digits']),
    root: values.root,
    layer: oneOf('--layer', values.layer, ['stock', 'own']),
    epochs: whole('--epochs', values.epochs, 1, 1000),
    trainSamples: whole('--train-samples', values['train-samples'], 64, 55_000),
    seed: whole('--seed', values.seed, 0, 2 ** 32 - 1),
  };
}

function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new InvalidArgumentError(name, `must be ${choices.join(' or ')}`, value);
  return found;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new InvalidArgumentError(name, `must be a whole number from ${least} to ${most}`, text);
  return value;
}
