import { signal } from '@preact/signals';
import { LEAST_DRAWN } from '../settings/settings.js';
import { drawing, setStrokes } from './drawing.js';
import { addDrawn, clearDrawn, drawnDigits, removeLastDrawn } from './drawn-digits.js';

/** Which digit was kept last, for those who cannot see the counts change. */
const said = signal('');

/** Keeps drawings with what they are, as a data set of the visitor's own. */
export function CollectDigits() {
  const { labels } = drawnDigits.value;
  const counts = Array.from({ length: 10 }, (_, digit) => labels.filter((label) => label === digit).length);
  const ink = drawing.value;
  return (
    <details class="more collect">
      <summary>Train on your own digits ({labels.length} drawn)</summary>
      <p class="hint">
        Draw a digit, then say which it is. From {LEAST_DRAWN} on you can choose them as data; they stay on
        this machine.
      </p>
      <fieldset class="digits">
        <legend class="visually-hidden">The drawing is a</legend>
        {counts.map((count, digit) => (
          <button
            key={digit}
            type="button"
            disabled={ink === undefined}
            aria-label={`${digit}, drawn ${count} times`}
            onClick={() => {
              if (ink === undefined) return;
              addDrawn(ink, digit);
              setStrokes([]);
              said.value = `Kept as ${digit}. ${drawnDigits.value.labels.length} drawn.`;
            }}
          >
            {digit}
            <small>{count}</small>
          </button>
        ))}
      </fieldset>
      <div class="row">
        <button type="button" disabled={labels.length === 0} onClick={removeLastDrawn}>
          Take the last back
        </button>
        <button type="button" disabled={labels.length === 0} onClick={clearDrawn}>
          Forget all
        </button>
      </div>
      <p class="visually-hidden" aria-live="polite">
        {said.value}
      </p>
    </details>
  );
}
