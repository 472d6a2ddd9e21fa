import type { Callback } from '@mnist-kit/trainer';

/** A callback is an object with some of the hooks. This one names the digit that is recognised worst. */
export function hardestDigit(print: (line: string) => void): Callback {
  return {
    name: 'hardestDigit',
    onEpochEnd(_run, record) {
      const recalls = record.valRecall as readonly number[];
      const worst = recalls.indexOf(Math.min(...recalls));
      print(`  hardest digit: ${worst}, ${(recalls[worst] * 100).toFixed(1)}% of them recognised`);
    },
  };
}
