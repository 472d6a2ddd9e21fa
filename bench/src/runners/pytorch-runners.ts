import { PYTHON_ENV, type Python, pythonScript } from './python.js';
import type { Runner } from './runner.js';

/**
 * PyTorch in both memory formats. At the largest number of threads they are called `pytorch-nchw` and
 * `pytorch-channels-last`, at others they say how many: `pytorch-nchw-1t`.
 */
export function pytorchRunners({ file }: Python, threads: readonly number[]): Runner[] {
  const most = Math.max(...threads);
  return threads.flatMap((count) =>
    ['nchw', 'channels-last'].map(
      (format): Runner => ({
        name: `pytorch-${format}${count === most ? '' : `-${count}t`}`,
        isReference: count === most,
        refuses: () => undefined,
        command: (work, root) => ({
          file,
          args: [
            pythonScript('peer.py'),
            JSON.stringify({ work, threads: count, channelsLast: format === 'channels-last', root }),
          ],
          env: PYTHON_ENV,
        }),
      }),
    ),
  );
}
