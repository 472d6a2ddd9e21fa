// Loaded before a training process by `--import`: upsets it from inside, as CHAOS says, at SIGUSR2 or at a worker's
// start. `{"clockHours": 24}`, `{"terminate": 1}` (which of the workers that run),
// `{"start": {"nth": 0, "how": "throw" | "exit" | "memory"}}` (what the worker that is started nth does).
const { clockHours, terminate, start } = JSON.parse(process.env.CHAOS);
const threads = process.getBuiltinModule('node:worker_threads');

const ways = {
  throw: "throw new Error('upset');",
  exit: 'process.exit(3);',
  memory: 'const kept = []; for (;;) kept.push(new Array(10_000).fill(kept.length));',
};

const running = [];
let started = 0;
threads.Worker = class extends threads.Worker {
  constructor(source, options) {
    const upset = start !== undefined && started++ === start.nth;
    super(upset ? `${ways[start.how]}\n${source}` : source, {
      ...options,
      ...(upset && start.how === 'memory' && { resourceLimits: { maxOldGenerationSizeMb: 8 } }),
    });
    running.push(this);
    this.once('exit', () => running.splice(running.indexOf(this), 1));
  }
};

let shift = 0;
const RealDate = Date;
globalThis.Date = class ShiftedDate extends RealDate {
  constructor(...args) {
    super(...(args.length > 0 ? args : [RealDate.now() + shift]));
  }
  static now() {
    return RealDate.now() + shift;
  }
};

process.on('SIGUSR2', () => {
  if (clockHours !== undefined) shift = clockHours * 3_600_000;
  if (terminate !== undefined) void running[terminate % running.length]?.terminate();
});
