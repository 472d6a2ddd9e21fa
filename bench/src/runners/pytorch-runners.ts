import { type NetShape, shapeOfNet } from '../sessions/nets.js';
import type { Net } from '../works/work.js';
import { PYTHON_ENV, type Python, pythonScript } from './python.js';
import type { Runner } from './runner.js';

/**
 * How PyTorch's memory is managed. As installed, glibc gives freed activations back to the system in most steps, and
 * page faults then cost up to half of the step; PyTorch's tuning guide recommends an allocator that keeps them.
 * These variables make glibc such a one.
 */
const ALLOCATORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { MALLOC_TRIM_THRESHOLD_: '4000000000', MALLOC_MMAP_THRESHOLD_: '4000000000' },
  '-untuned': {},
};

/**
 * PyTorch in both memory formats, with an allocator that keeps its memory and `-untuned`. At the largest number of
 * threads they are called `pytorch-nchw` and `pytorch-channels-last`, at others they say how many: `pytorch-nchw-1t`.
 */
export function pytorchRunners({ file }: Python, threads: readonly number[]): Runner[] {
  const most = Math.max(...threads);
  const shapes = new Map<Net, NetShape>();
  const shape = (net: Net): NetShape => {
    if (!shapes.has(net)) shapes.set(net, shapeOfNet(net));
    return shapes.get(net)!;
  };
  const runner = (count: number, format: string, tuning: string): Runner => ({
    name: `pytorch-${format}${tuning}${count === most ? '' : `-${count}t`}`,
    isReference: count === most,
    refuses: () => undefined,
    command: (work, root) => {
      const channelsLast = format === 'channels-last';
      const options = { work, shape: shape(work.net), threads: count, channelsLast, root };
      const env = { ...PYTHON_ENV, ...ALLOCATORS[tuning] };
      return { file, args: [pythonScript('peer.py'), JSON.stringify(options)], env };
    },
  });
  return threads.flatMap((count) =>
    Object.keys(ALLOCATORS).flatMap((tuning) =>
      ['nchw', 'channels-last'].map((format) => runner(count, format, tuning)),
    ),
  );
}
