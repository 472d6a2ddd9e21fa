import type { CommandResult, Terminal } from '../command-line/command-result.js';
import { readConfig } from '../config/read-config.js';
import type { ModelSource } from '../run/open-model.js';

/** What the command line of `test` says. */
export interface TestFlags extends ModelSource {
  readonly data?: 'mnist' | 'fashionMnist';
  readonly root?: string;
  readonly split?: 'train' | 'test';
  readonly threads?: number;
}

/** `mnist-kit test`. */
export async function test(
  { data, root, split = 'test', threads, ...source }: TestFlags,
  { print }: Terminal,
): Promise<CommandResult> {
  const [{ openModel }, { measure }] = await Promise.all([
    import('../run/open-model.js'),
    import('../run/measure.js'),
  ]);
  const open = await openModel(source);
  try {
    // Another data set has other places, and, for a saved model, another mean and deviation.
    const other = data !== undefined && data !== open.config.data.kind;
    const settings = [
      ...(data === undefined ? [] : [{ path: 'data.kind', value: data, option: '--data' }]),
      ...(root === undefined ? [] : [{ path: 'data.root', value: root, option: '--root' }]),
    ];
    const asked = (await readConfig({ settings })).data;
    const { verify } = open.config.data;
    const places = other || root !== undefined ? { ...asked, verify } : open.config.data;
    const { loss, accuracy, perClass, size } = await measure(
      { ...open, config: { ...open.config, data: places } },
      { split, threads },
    );
    print(`Model: ${open.from}`);
    print(`${size} images of ${places.kind}, ${split} split`);
    print(`loss ${loss.toFixed(4)}, accuracy ${(accuracy * 100).toFixed(2)}%`);
    const longest = Math.max(...open.classes.map((name) => name.length));
    for (const [i, name] of open.classes.entries())
      print(`  ${name.padStart(longest)}  ${(perClass[i] * 100).toFixed(2).padStart(6)}%`);
    return {
      result: {
        model: open.from,
        data: places.kind,
        split,
        size,
        loss,
        accuracy,
        perClass,
        classes: open.classes,
      },
    };
  } finally {
    open.model.dispose();
  }
}
