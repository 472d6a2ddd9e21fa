import { createRequire } from 'node:module';
import os from 'node:os';
import type { OnnxRuntime } from '../runners/onnxruntime.js';
import type { Python } from '../runners/python.js';
import type { Runtime } from '../runners/runtimes.js';

/** What a run ran on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  /** Versions of this project and of TensorFlow.js. */
  readonly packages: Readonly<Record<string, string>>;
  /** PyTorch's versions, or null where there is none. */
  readonly pytorch: Omit<Python, 'file'> | null;
  /** Version of onnxruntime-node, or null where it is not installed. */
  readonly onnxruntime: string | null;
  /** Versions of the Nodes that ran the plan, by what their runners are called after; '' is this one. */
  readonly runtimes: Readonly<Record<string, string>>;
  readonly date: string;
  /** Processes that wanted a core in the minute before the run; above 0.5 the machine was not quiet. */
  readonly loadBefore: number;
}

const PACKAGES = [
  '@mnist-kit/engine',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-cpu',
];

/** What was found to measure with. */
export interface Found {
  readonly python: Python | undefined;
  readonly onnxRuntime?: OnnxRuntime;
  readonly runtimes?: readonly Runtime[];
}

export function describeMachine({ python, onnxRuntime, runtimes = [] }: Found): Machine {
  const require = createRequire(import.meta.url);
  const version = (name: string): string => require(`${name}/package.json`).version;
  const { file: _, ...pytorch } = python ?? { file: '' };
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, version(name)])),
    pytorch: python === undefined ? null : (pytorch as Omit<Python, 'file'>),
    onnxruntime: onnxRuntime?.version ?? null,
    runtimes: Object.fromEntries(runtimes.map(({ name, version }) => [name, version])),
    date: new Date().toISOString(),
    loadBefore: Math.round(os.loadavg()[0] * 100) / 100,
  };
}

/** Two lines for people. */
export function formatMachine(machine: Machine): string {
  const { cpu, cores, memoryGiB, platform, node, packages, pytorch, loadBefore } = machine;
  const torch = pytorch
    ? `PyTorch ${pytorch.torch}, torchvision ${pytorch.torchvision}, Python ${pytorch.python}`
    : 'no PyTorch';
  const others = Object.entries(machine.runtimes).filter(([name]) => name !== '');
  const nodes = [node, ...others.map(([, version]) => version)].join(', ');
  const ort = machine.onnxruntime ? `onnxruntime-node ${machine.onnxruntime}` : 'no onnxruntime-node';
  const tfjs = `TensorFlow.js ${packages['@tensorflow/tfjs-core']}`;
  const quiet = loadBefore > 0.5 ? ': not quiet, so times are too long' : '';
  return (
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}; load ${loadBefore}${quiet}\n` +
    `Node ${nodes}, ${tfjs}, ${torch}, ${ort}`
  );
}
