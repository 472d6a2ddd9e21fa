import { ModuleBuilder } from './module-builder.js';
import { f32x4 } from './ops.js';

let relaxed: boolean | undefined;

/** Whether this runtime takes relaxed SIMD: Node 22 and newer and current browsers do, Node 20 does not. */
export function hasRelaxedSimd(): boolean {
  if (relaxed === undefined) {
    const module = new ModuleBuilder();
    const one = f32x4.const(1);
    module.function('probe', [], ['v128'], (f) => f.emit(f32x4.relaxedMadd(one, one, one)), { export: true });
    relaxed = WebAssembly.validate(module.encode({ initialPages: 1, maximumPages: 1, shared: false }));
  }
  return relaxed;
}
