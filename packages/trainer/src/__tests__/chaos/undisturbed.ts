import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Children } from '../children/start.js';
import { configuration, optionsOf } from './configuration.js';
import type { Place } from './results.js';

/** Trainings as they end when nobody disturbs them, each run once. */
export class Undisturbed {
  readonly #children: Children;
  readonly #root: string;
  readonly #user: number | undefined;
  readonly #places = new Map<number, Promise<Place>>();

  /**
   * @param root A folder for what they leave.
   * @param user The user that they run as.
   */
  constructor(children: Children, root: string, user?: number) {
    this.#children = children;
    this.#root = root;
    this.#user = user;
  }

  /** The training of a configuration, by its number. */
  of(index: number): Promise<Place> {
    let place = this.#places.get(index);
    if (place === undefined) {
      place = this.#run(index);
      this.#places.set(index, place);
    }
    return place;
  }

  async #run(index: number): Promise<Place> {
    const folder = makeFolder(join(this.#root, `undisturbed-${index}`), this.#user);
    const place = { run: join(folder, 'run'), out: join(folder, 'out.json') };
    const options = optionsOf(configuration(index), place);
    const ended = await this.#children.start(options, () => {}, { user: this.#user });
    if (ended.code === 0) return place;
    throw new Error(`Configuration ${index} does not train:\n${ended.stderr}`);
  }
}

/** Makes a folder that belongs to a user. */
export function makeFolder(path: string, user?: number): string {
  mkdirSync(path, { recursive: true });
  if (user !== undefined) chownSync(path, user, user);
  return path;
}
