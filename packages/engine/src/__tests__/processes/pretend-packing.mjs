// To be imported first: passes an older Node, on whatever machine, for a newer one on x64 that was started with V8's
// packing pass. The plan then writes its 256-bit code, which runs unpacked and must give the same bits.

/** @param {string[]} flags What the process was started with. */
export function pretendPacking(flags) {
  const set = (target, name, value) => Object.defineProperty(target, name, { value });
  set(process, 'versions', { ...process.versions, node: '24.0.0' });
  set(process, 'arch', 'x64');
  set(process, 'platform', 'darwin');
  process.execArgv.push(...flags);
}

if (process.env.PRETEND_PACKING) pretendPacking(['--experimental-wasm-revectorize']);
