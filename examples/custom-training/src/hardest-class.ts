import type { Callback } from '@mnist-kit/trainer';

/** A callback is an object with some of the hooks. This one names the class that is recognised worst. */
export function hardestClass(classes: readonly string[], print: (line: string) => void): Callback {
  return {
    name: 'hardestClass',
    onEpochEnd(_run, record) {
      const recalls = record.valRecall as readonly number[];
      const worst = recalls.indexOf(Math.min(...recalls));
      print(`  hardest: ${classes[worst]}, ${(recalls[worst] * 100).toFixed(1)}% of them recognised`);
    },
  };
}
