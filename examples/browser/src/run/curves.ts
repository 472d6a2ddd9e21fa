import { signal } from '@preact/signals';
import { Series, type SeriesData, Smoothed } from './series.js';

export const CURVES = ['loss', 'smoothLoss', 'accuracy', 'valLoss', 'valAccuracy', 'lr'] as const;
export type CurveName = (typeof CURVES)[number];
export type CurvesData = Readonly<Record<CurveName, SeriesData>>;

/** Steps over which the curves of training are smoothed. */
const MEMORY = 25;

/** The curves of a run. `version` changes when there is something new to draw. */
export class Curves {
  readonly version = signal(0);
  readonly series: Readonly<Record<CurveName, Series>> = {
    loss: new Series(),
    smoothLoss: new Series(),
    accuracy: new Series(),
    valLoss: new Series(),
    valAccuracy: new Series(),
    lr: new Series(),
  };
  readonly #loss = new Smoothed(MEMORY);
  readonly #accuracy = new Smoothed(MEMORY);

  /** @returns Loss and accuracy, smoothed. */
  addStep(step: number, loss: number, accuracy: number, lr: number): { loss: number; accuracy: number } {
    const { series } = this;
    const smooth = { loss: this.#loss.add(step, loss), accuracy: this.#accuracy.add(step, accuracy) };
    series.loss.add(step, loss);
    series.smoothLoss.add(step, smooth.loss);
    series.accuracy.add(step, smooth.accuracy);
    series.lr.add(step, lr);
    return smooth;
  }

  addValidation(step: number, loss: number, accuracy: number): void {
    this.series.valLoss.add(step, loss);
    this.series.valAccuracy.add(step, accuracy);
  }

  /** Says that what was added may be drawn. */
  changed(): void {
    this.version.value++;
  }

  cutAfter(step: number): void {
    for (const name of CURVES) this.series[name].cutAfter(step);
    this.changed();
  }

  clear(): void {
    for (const name of CURVES) this.series[name].clear();
    this.#loss.reset();
    this.#accuracy.reset();
    this.changed();
  }

  toJSON(): CurvesData {
    return this.series as unknown as CurvesData;
  }

  load(data: CurvesData): void {
    for (const name of CURVES) this.series[name].load(data[name]);
    this.changed();
  }
}
