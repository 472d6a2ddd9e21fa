// @ts-check
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program is that the PATH leads to; undefined where it is not. @param {string} name */
export function programInPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}
