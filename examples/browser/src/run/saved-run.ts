import { fromAddress, toAddress } from '../settings/address.js';
import type { Settings } from '../settings/settings.js';
import type { CurvesData } from './curves.js';

/** What the page remembers of a run; the training itself is in the browser's own file system. */
export interface SavedRun {
  readonly settings: Settings;
  /** Name of its folder. */
  readonly folder: string;
  readonly step: number;
  readonly epoch: number;
  readonly seconds: number;
  readonly secondsTo99: number | undefined;
  /** What the visitor's slider made of the rate. */
  readonly factor: number;
  readonly finished: boolean;
  readonly curves: CurvesData;
}

interface Stored extends Omit<SavedRun, 'settings'> {
  /** As in an address: what the page offers now decides what is read. */
  readonly settings: string;
  readonly version: number;
}

const VERSION = 1;
const key = (id: string) => `mnist-kit:run:${id}`;

/** Remembers a run. Where nothing can be stored, in a private window for one, nothing is. */
export function saveRun(id: string, run: SavedRun): void {
  const stored: Stored = { ...run, settings: String(toAddress(run.settings)), version: VERSION };
  try {
    localStorage.setItem(key(id), JSON.stringify(stored));
  } catch {
    // The quota, or storage that is forbidden: the run itself goes on.
  }
}

/** The run that an earlier visit left, if there is one. */
export function loadRun(id: string): SavedRun | undefined {
  try {
    const stored = JSON.parse(localStorage.getItem(key(id)) ?? 'null') as Stored | null;
    if (stored?.version !== VERSION) return undefined;
    const { settings, problems } = fromAddress(new URLSearchParams(stored.settings));
    return problems.length > 0 ? undefined : { ...stored, settings };
  } catch {
    return undefined;
  }
}

export function forgetRun(id: string): void {
  try {
    localStorage.removeItem(key(id));
  } catch {
    // Nothing was stored either.
  }
}
