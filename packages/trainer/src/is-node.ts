/** Whether this is Node (or a runtime that provides its API), where files and signals exist. */
export function isNode(): boolean {
  return typeof process !== 'undefined' && typeof process.versions?.node === 'string';
}
