// The training of recipe.mjs by the Trainer, in a worker of a page.
import { bitsOf, bitsTraining } from '@mnist-kit/cli/bits';
import { Trainer } from '@mnist-kit/trainer';
import { hostTraining } from '@mnist-kit/trainer/worker';

hostTraining({
  prepare({ net, steps, batch, threads }) {
    const { loader, ...parts } = bitsTraining({ net, batch });
    const trainer = new Trainer({ ...parts, threads, engine: 'plan', maxSteps: steps, log: () => {} });
    return { trainer, train: loader, options: { epochs: Math.ceil(steps / loader.length) } };
  },
  calls: { hash: async (_, { trainer }) => bitsOf(await (await trainer.executor()).readWeights()) },
});
