import { type NetShape, shapeOfNet } from '../sessions/nets.js';
import { type Net, nameOf, type Work } from '../works/work.js';
import { PYTHON_ENV, type Python, pythonScript } from './python.js';
import { environmentOf, PLAIN, type PyTorchSettings } from './pytorch-settings.js';
import type { ChildCommand, Runner } from './runner.js';

const shapes = new Map<Net, NetShape>();

function shapeFor(net: Net): NetShape {
  const shape = shapes.get(net) ?? shapeOfNet(net);
  shapes.set(net, shape);
  return shape;
}

/** How to start PyTorch with some settings. */
export function pytorchCommand(
  { file }: Python,
  threads: number,
  settings: PyTorchSettings,
): (work: Work, root: string) => ChildCommand {
  return (work, root) => {
    const options = {
      ...{ work, shape: shapeFor(work.net), threads, root },
      channelsLast: settings.format === 'channels-last',
      foreach: settings.adam === 'foreach',
      traced: settings.graph === 'traced',
      workers: settings.workers,
    };
    const env = { ...PYTHON_ENV, ...environmentOf(settings) };
    return { file, args: [pythonScript('peer.py'), JSON.stringify(options)], env };
  };
}

const refuses = ({ kind }: Work): string | undefined =>
  kind === 'engine-busy' ? "is not asked how busy this project's engine is" : undefined;

/**
 * PyTorch in both memory formats, with an allocator that keeps its memory and `-untuned`, as installed. At the largest
 * number of threads they are called `pytorch-nchw` and `pytorch-channels-last`, at others they say how many:
 * `pytorch-nchw-1t`.
 */
export function pytorchRunners(python: Python, threads: readonly number[]): Runner[] {
  const most = Math.max(...threads);
  return threads.flatMap((count) =>
    (['glibc', 'installed'] as const).flatMap((allocator) =>
      (['nchw', 'channels-last'] as const).map(
        (format): Runner => ({
          name: `pytorch-${format}${allocator === 'installed' ? '-untuned' : ''}${suffix(count, most)}`,
          reference: count === most ? 'PyTorch' : undefined,
          threads: count,
          refuses,
          command: pytorchCommand(python, count, { ...PLAIN, format, allocator }),
        }),
      ),
    ),
  );
}

/** A runner whose settings are found by measuring before the work begins. */
export interface TunedRunner extends Runner {
  /** The same work with some settings. */
  with(settings: PyTorchSettings): Runner;
  /** Tells what was found for a work. */
  use(work: Work, settings: PyTorchSettings): void;
}

/** `pytorch-tuned`: PyTorch with the settings that were the fastest of those that {@link choicesFor} names. */
export function tunedRunners(python: Python, threads: readonly number[], quick: boolean): TunedRunner[] {
  const most = Math.max(...threads);
  return threads.map((count) => {
    const found = new Map<string, PyTorchSettings>();
    const runner: Runner = {
      name: `pytorch-tuned${suffix(count, most)}`,
      reference: count === most ? 'PyTorch' : undefined,
      threads: count,
      refuses: (work) => {
        if (quick) return 'starts a dozen processes before it is measured: left out of a quick run';
        if (['train-step', 'epoch', 'inference'].includes(work.kind)) return undefined;
        return 'is tuned for train-step, epoch and inference';
      },
      command: (work, root) => pytorchCommand(python, count, found.get(nameOf(work)) ?? PLAIN)(work, root),
    };
    return {
      ...runner,
      with: (settings) => ({ ...runner, command: pytorchCommand(python, count, settings) }),
      use: (work, settings) => void found.set(nameOf(work), settings),
    };
  });
}

const suffix = (count: number, most: number): string => (count === most ? '' : `-${count}t`);
