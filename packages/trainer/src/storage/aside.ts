/** Folders of earlier fits. */
const NAME = /^previous-(\d{1,9})$/;

/** The next of the names `previous-1`, `previous-2`, … beside those that are there. */
export function nameAfter(names: readonly string[]): string {
  const numbers = names.map((name) => Number(NAME.exec(name)?.[1] ?? 0));
  return `previous-${Math.max(0, ...numbers) + 1}`;
}

/** Whether that is the name of a folder of an earlier fit. */
export function isAside(name: string): boolean {
  return NAME.test(name);
}
