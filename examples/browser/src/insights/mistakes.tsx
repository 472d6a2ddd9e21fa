import { signal, useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { percent } from '../app/format.js';
import { selected } from '../app/state.js';
import type { Judgement } from '../run/figures.js';
import { classNames } from '../settings/class-names.js';
import { toWorstSample, type WorstSample } from '../worker/worst-samples.js';
import { PixelImage } from './pixel-image.js';

/** Which digits are taken for which, and the ones that the net is most wrong about. */
export function Mistakes() {
  const { run } = selected.value;
  const judgement = run.judgement.value;
  const names = classNames((run.trained.value ?? run.settings.value).data);
  return (
    <section class="card" aria-labelledby="mistakes-title">
      <div class="card-head">
        <h2 id="mistakes-title">Where it errs</h2>
        <span class="muted">
          {judgement === undefined ? 'after the first validation' : `validation at step ${judgement.step}`}
        </span>
      </div>
      <div class="mistakes">
        <Confusion judgement={judgement} names={names} />
        <WorstDigits names={names} />
      </div>
    </section>
  );
}

function Confusion({ judgement, names }: { judgement: Judgement | undefined; names: readonly string[] }) {
  const rows = judgement?.confusion ?? names.map(() => names.map(() => 0));
  const most = Math.max(1, ...rows.map((row, label) => Math.max(...row.filter((_, i) => i !== label))));
  const short = names.map((name) => (name.length > 2 ? name.slice(0, 3) : name));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled must be reached with the keyboard.
    <section class="scroll" tabIndex={0} aria-label="Confusion matrix">
      <table class="confusion">
        <caption>
          Confusion matrix: rows are what it is, columns what the net says. Right answers are green, wrong
          ones orange.
        </caption>
        <thead>
          <tr>
            <td />
            {short.map((name, i) => (
              <th key={names[i]} scope="col" abbr={names[i]}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, label) => (
            <tr key={names[label]}>
              <th scope="row" abbr={names[label]}>
                {short[label]}
              </th>
              {row.map((count, prediction) => (
                <td
                  key={names[prediction]}
                  class={count === 0 ? 'zero' : label === prediction ? 'right' : 'wrong'}
                  style={label === prediction ? {} : { '--share': count / most }}
                >
                  {count === 0 ? '·' : count}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface Shown extends WorstSample {
  readonly pixels: Uint8Array;
}

function WorstDigits({ names }: { names: readonly string[] }) {
  const shown = useMemo(() => signal<readonly Shown[]>([]), []);
  useSignalEffect(() => {
    const { run } = selected.value;
    const rows = run.judgement.value?.worst;
    if (rows === undefined) {
      shown.value = [];
      return;
    }
    const samples = rows.map(toWorstSample);
    run.pictures(samples.map(({ position }) => position)).then(
      (pixels) => {
        shown.value = samples.map((sample, i) => ({
          ...sample,
          pixels: pixels.slice(i * 784, (i + 1) * 784),
        }));
      },
      () => {
        // The run was forgotten meanwhile.
      },
    );
  });
  return (
    <figure class="worst">
      <figcaption>
        <strong>Worst digits</strong>{' '}
        <span class="muted">held out, with the least probability of the right class</span>
      </figcaption>
      <ul>
        {shown.value.map(({ position, label, prediction, answer, pixels }) => (
          <li key={position}>
            <PixelImage
              pixels={pixels}
              width={28}
              height={28}
              scale={1.75}
              label={`A ${names[label]}, read as ${names[prediction]}`}
            />
            <span aria-hidden="true">
              {names[label]} <span class="arrow">→</span> <strong>{names[prediction]}</strong>
            </span>
            <small>{percent(answer, 0)} sure</small>
          </li>
        ))}
      </ul>
    </figure>
  );
}
