import { EngineError } from '@mnist-kit/core';

/** Paths as they are in the site's own file system: names with `/` between them, from its root. */
export const paths = {
  join: (...parts: string[]) => normalized(parts.join('/')).join('/') || '.',
  dirname: (path: string) => normalized(path).slice(0, -1).join('/') || '.',
  basename: (path: string) => normalized(path).at(-1) ?? '',
  extname: (path: string) => /^.+(\.[^.]*)$/.exec(normalized(path).at(-1) ?? '')?.[1] ?? '',
};

/**
 * The names that a path goes through from the root; none for the root itself.
 *
 * @throws EngineError for a path that leads out of it.
 */
export function namesOf(path: string): string[] {
  const names = normalized(path);
  if (names[0] === '..')
    throw new EngineError(`${path} leads out of the site's files. Give a path such as runs/first.`);
  return names;
}

function normalized(path: string): string[] {
  const names: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && names.length > 0 && names.at(-1) !== '..') names.pop();
    else names.push(part);
  }
  return names;
}
