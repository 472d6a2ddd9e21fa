// Makes an executor and prints `{ description }` or `{ error }`. The argument is JSON: `vectors`; `pretend`, an older
// Node passes for one that was started with V8's packing pass (an unpacked trial succeeds all the same); `enable`,
// enableWideVectors() is called first; `wrongFrom`, the run from which on results are off by one bit.
import { pretendPacking } from './pretend-packing.mjs';

const { vectors, pretend, enable, wrongFrom = Number.POSITIVE_INFINITY } = JSON.parse(process.argv[2]);

if (pretend) pretendPacking(pretend);

const { Instance } = WebAssembly;
let runs = 0;

/** Runs `entry`, and from some run on leaves every word of the memory off by a bit. */
function runWrongly(run, memory, entry) {
  run(entry);
  if (++runs < wrongFrom) return;
  const words = new Uint32Array(memory.buffer);
  for (let i = 4096; i < words.length; i++) if (words[i] !== 0) words[i] ^= 1;
}

WebAssembly.Instance = class {
  constructor(module, imports) {
    const { exports } = new Instance(module, imports);
    this.exports = { ...exports, run: (entry) => runWrongly(exports.run, imports.env.memory, entry) };
  }
};

const { createExecutor, enableWideVectors } = await import('@mnist-kit/engine');
const { optimizedNet } = await import('@mnist-kit/models');
const enabled = enable ? enableWideVectors() : undefined;
try {
  const executor = await createExecutor(optimizedNet(), { threads: 1, batchSize: 2, vectors });
  console.log(JSON.stringify({ enabled, description: executor.description }));
  await executor.dispose();
} catch (error) {
  console.log(JSON.stringify({ enabled, name: error.name, error: error.message }));
}
