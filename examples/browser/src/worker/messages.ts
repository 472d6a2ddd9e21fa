import type { Settings } from '../settings/settings.js';
import type { DrawnDigits } from './training-data.js';

/** What the worker needs to start a fit or to go on with one. */
export interface FitRequest {
  readonly settings: Settings;
  /** Folder of the run, where its checkpoints are. */
  readonly folder: string;
  readonly threads: number;
  /** Whether the fit goes on from the folder's newest checkpoint. */
  readonly resume: boolean;
  /** Weights to start from, a safetensors file. */
  readonly initial?: Uint8Array;
  readonly drawn?: DrawnDigits;
  readonly mnistUrl: string;
}
