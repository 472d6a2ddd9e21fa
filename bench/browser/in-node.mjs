// One training in this Node: prints batches per second of its epochs, as JSON.
import { makeTraining, rates } from './training.mjs';

const { trainer, train, options } = makeTraining(JSON.parse(process.argv[2]));
const history = await trainer.fit(train, options);
const { description } = await trainer.executor();
console.log(JSON.stringify({ rates: rates(history.toJSON()), description }));
await trainer.dispose();
await train.dispose();
