import { percent } from '../app/format.js';
import type { Lane } from '../app/state.js';
import { classNames } from '../settings/class-names.js';
import { drawing } from './drawing.js';
import { predictionOf } from './prediction.js';

/** What the nets say of the drawing: a bar a class, which moves while they learn. */
export function Probabilities({ lanes }: { readonly lanes: readonly Lane[] }) {
  const [{ run }] = lanes;
  const names = classNames((run.trained.value ?? run.settings.value).data);
  const predictions = lanes.map(({ inspection }) => predictionOf(inspection));
  const isDrawn = drawing.value !== undefined;
  const best = predictions.map(({ value }) => (isDrawn ? value.indexOf(Math.max(...value)) : -1));
  return (
    <div class="probabilities">
      <p class="guess" aria-live="polite">
        {isDrawn ? (
          lanes.map(({ run }, i) => (
            <span key={run.id}>
              {lanes.length > 1 ? `${run.id.toUpperCase()}: ` : ''}
              <strong>{names[best[i]]}</strong>
            </span>
          ))
        ) : (
          <span class="muted">Draw a digit: the net reads along.</span>
        )}
      </p>
      <table class="bars">
        <caption class="visually-hidden">Probability of each class</caption>
        <tbody>
          {names.map((name, label) => (
            <tr key={name} class={best.includes(label) ? 'best' : ''}>
              <th scope="row">{name}</th>
              <td>
                {predictions.map(({ value }, i) => (
                  <span
                    key={lanes[i].run.id}
                    class={`bar ${lanes[i].run.id}`}
                    style={{ transform: `scaleX(${isDrawn ? value[label] : 0})` }}
                  />
                ))}
              </td>
              <td class="number">
                {isDrawn ? predictions.map(({ value }) => percent(value[label], 0)).join(' / ') : '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
