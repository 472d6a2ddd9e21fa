import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { suggestLearningRate } from '@mnist-kit/trainer';
import { describe, expect, test } from 'vitest';

const rates = (count: number, from = 1e-6, to = 10) =>
  Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));

/** Falls along a logistic curve over log(lr), which is steepest at `centre`; then rises. */
function logistic(
  lrs: readonly number[],
  centre: number,
  { top = 2.3, bottom = 0.3, worst = 1 } = {},
): number[] {
  return lrs.map(
    (lr) =>
      bottom + (top - bottom) / (1 + (lr / centre) ** 1.5) + (lr > worst ? 4 * Math.log(lr / worst) : 0),
  );
}

/** Where that curve has made 20% and 70% of its fall, a ratio of losses: the geometric mean of the two rates. */
function middle(centre: number, { top = 2.3, bottom = 0.3 } = {}): number {
  const rateAt = (share: number) => {
    const loss = top * (bottom / top) ** share;
    return centre * ((top - bottom) / (loss - bottom) - 1) ** (1 / 1.5);
  };
  return Math.sqrt(rateAt(0.2) * rateAt(0.7));
}

const noisy = (losses: readonly number[], scale: number, seed: number) => {
  const noise = new Generator(seed).randn(losses.length);
  return losses.map((loss, i) => loss + scale * noise[i]);
};

describe('the smoothed loss', () => {
  test('is the mean of the losses so far, weighted by powers of the smoothing', () => {
    const losses = [3, 2, 5, 1, 4];
    const { smoothed } = suggestLearningRate({ lrs: rates(5), losses }, { smoothing: 0.8 });
    for (let i = 0; i < 5; i++) {
      let [sum, weights] = [0, 0];
      for (let j = 0; j <= i; j++) {
        sum += 0.8 ** (i - j) * losses[j];
        weights += 0.8 ** (i - j);
      }
      expect(smoothed[i]).toBeCloseTo(sum / weights, 12);
    }
  });

  test('looks back over as many rates, however many updates they took', () => {
    const lag = (count: number) => {
      const lrs = rates(count);
      // A step down: where the smoothed loss is halfway says how far it looks back.
      const losses = lrs.map((lr) => (lr < 1e-3 ? 2 : 1));
      const { smoothed } = suggestLearningRate({ lrs, losses });
      return Math.log10(lrs[smoothed.findIndex((loss) => loss < 1.5)] / 1e-3);
    };
    expect(lag(100)).toBeCloseTo(0.49, 1);
    expect(lag(1000)).toBeCloseTo(0.49, 1);
  });
});

describe('the suggestion', () => {
  test.each([
    ['middle', middle],
    ['steepest', (centre: number) => centre],
  ] as const)('%s: where calculus has it on a logistic curve, to a step', (method, expected) => {
    const lrs = rates(141);
    for (const centre of [1e-4, 1e-3, 1e-2]) {
      const losses = logistic(lrs, centre);
      const { suggestion, reason } = suggestLearningRate({ lrs, losses }, { method, smoothing: 0 });
      expect(reason).toBeUndefined();
      expect(Math.abs(Math.log10(suggestion! / expected(centre)))).toBeLessThan(0.051);
    }
  });

  test('takes a fall below zero as a difference', () => {
    const lrs = rates(141);
    const losses = logistic(lrs, 1e-3, { top: 1, bottom: -1 });
    const { suggestion } = suggestLearningRate({ lrs, losses }, { smoothing: 0 });
    // 20% and 70% of the fall of 1 / (1 + x ** 1.5).
    const expected = 1e-3 * Math.sqrt((0.2 / 0.8) ** (1 / 1.5) * (0.7 / 0.3) ** (1 / 1.5));
    expect(Math.abs(Math.log10(suggestion! / expected))).toBeLessThan(0.051);
  });

  test('does not depend on how far the loss rises afterwards', () => {
    const lrs = rates(100);
    const losses = logistic(lrs, 1e-3);
    const wild = losses.map((loss, i) => (lrs[i] > 1 ? loss * 1e6 : loss));
    wild.splice(-6, 6, ...Array.from({ length: 6 }, () => Number.NaN));
    const options = { smoothing: 0 };
    expect(suggestLearningRate({ lrs, losses: wild }, options).suggestion).toBe(
      suggestLearningRate({ lrs, losses }, options).suggestion,
    );
  });

  test('moves by less than half as far under noise as the steepest point', () => {
    const lrs = rates(100);
    const exact = logistic(lrs, 1e-3);
    const spread = (method: 'middle' | 'steepest') => {
      const logs = Array.from({ length: 50 }, (_, seed) => {
        const { suggestion } = suggestLearningRate({ lrs, losses: noisy(exact, 0.1, seed) }, { method });
        return Math.log10(suggestion!);
      });
      return Math.max(...logs) - Math.min(...logs);
    };
    expect(spread('middle')).toBeLessThan(0.3);
    expect(spread('steepest')).toBeGreaterThan(2 * spread('middle'));
  });

  test('counts neither the beginning nor the end that are to be skipped', () => {
    const lrs = rates(100);
    const losses = logistic(lrs, 1e-3);
    const rough = losses.map((loss, i) => (i < 20 ? loss + 1 : i >= 90 ? -50 : loss));
    const options = { smoothing: 0, skipBegin: 20, skipEnd: 10 };
    const { suggestion } = suggestLearningRate({ lrs, losses: rough }, options);
    expect(suggestion).toBe(suggestLearningRate({ lrs, losses }, options).suggestion);
    expect(suggestLearningRate({ lrs, losses: rough }, { smoothing: 0 }).suggestion).not.toBe(suggestion);
  });

  test('lies within rates that grow by a constant amount, too', () => {
    const lrs = Array.from({ length: 100 }, (_, i) => 1e-4 + i * 1e-4);
    for (const [method, expected] of [
      ['middle', middle(2e-3)],
      ['steepest', 2e-3],
    ] as const) {
      const losses = logistic(lrs, 2e-3);
      const { suggestion } = suggestLearningRate({ lrs, losses }, { method, smoothing: 0 });
      expect(Math.abs(Math.log10(suggestion! / expected))).toBeLessThan(0.1);
    }
  });
});

describe('there is no suggestion, and a reason', () => {
  const lrs = rates(100);

  test.each([
    ['normal', (g: Generator) => Array.from(g.randn(100), (x) => 2.3 + 0.05 * x)],
    ['skewed', (g: Generator) => Array.from(g.randn(100), (x) => Math.exp(x))],
    ['rare and large', (g: Generator) => Array.from(g.rand(100), (x) => (x < 0.03 ? 1 : 0.01))],
  ])('for noise that is %s', (_, draw) => {
    let suggestions = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { suggestion, reason } = suggestLearningRate({ lrs, losses: draw(new Generator(seed)) });
      if (suggestion !== undefined) suggestions++;
      else expect(reason).toContain('did not fall by more than its noise');
    }
    // Of pure noise, one sweep of a thousand looks like a fall.
    expect(suggestions).toBeLessThanOrEqual(1);
  });

  test('for a loss that stays, rises, or falls by next to nothing', () => {
    for (const losses of [lrs.map(() => 2.3), lrs.map((lr) => 2.3 + lr), lrs.map((_, i) => 2.3 - 1e-5 * i)]) {
      const { suggestion, reason } = suggestLearningRate({ lrs, losses });
      expect(suggestion).toBeUndefined();
      expect(reason).toMatch(/from 2\.3\d* to 2\.\d+ at best, where 2\.2\d* would tell/);
    }
  });

  test('for a loss that diverges at once', () => {
    const losses = [2.3, 2.3, 900, Number.POSITIVE_INFINITY, Number.NaN];
    const { suggestion, reason } = suggestLearningRate(
      { lrs: rates(5, 100, 1000), losses },
      { skipBegin: 1, skipEnd: 1 },
    );
    expect(suggestion).toBeUndefined();
    expect(reason).toContain('only 3 updates had a finite loss');
    expect(reason).toContain('lower `minLr`');
  });

  test('for no updates at all', () => {
    expect(suggestLearningRate({ lrs: [], losses: [] })).toMatchObject({
      smoothed: [],
      suggestion: undefined,
    });
  });
});

test('a fall of a tenth is told from noise', () => {
  const lrs = rates(100);
  const exact = logistic(lrs, 1e-2, { top: 2.33, bottom: 2.1 });
  for (let seed = 0; seed < 50; seed++)
    expect(suggestLearningRate({ lrs, losses: noisy(exact, 0.04, seed) }).suggestion).toBeDefined();
});

test('names bad options', () => {
  const sweep = { lrs: rates(50), losses: logistic(rates(50), 1e-3) };
  const refused = (options: object, message: string | RegExp) => {
    expect(() => suggestLearningRate(sweep, options)).toThrow(InvalidArgumentError);
    expect(() => suggestLearningRate(sweep, options)).toThrow(message);
  };
  refused({ smoothing: 1 }, '`smoothing` must be at least 0 and below 1');
  refused({ skipBegin: 1.5 }, '`skipBegin` must be an integer of at least 0');
  refused({ skipEnd: -1 }, '`skipEnd` must be an integer of at least 0');
  refused({ method: 'valley' }, "`method` must be 'middle' or 'steepest'");
  refused({ skip_begin: 3 }, 'did you mean `skipBegin`');
  expect(() => suggestLearningRate({ lrs: [1, 2], losses: [1] })).toThrow('`losses` must be as many');
  for (const lrs of [
    [0, 1],
    [1, 1],
    [2, 1],
    [1, Number.NaN],
    [1, Infinity],
  ])
    expect(() => suggestLearningRate({ lrs, losses: [1, 2] })).toThrow(/`lrs\[.\]` must be finite, above 0/);
});
