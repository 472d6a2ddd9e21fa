import { CurvesPanel } from '../charts/curves.js';
import { Transfer } from '../export/transfer.js';
import { Mistakes } from '../insights/mistakes.js';
import { Seeing } from '../insights/seeing.js';
import { CollectDigits } from '../pad/collect.js';
import { Pad } from '../pad/pad.js';
import { Probabilities } from '../pad/probabilities.js';
import { CheckField } from './fields.js';
import { offline } from './offline.js';
import { RunBar } from './run-bar.js';
import { SettingsPanel } from './settings-panel.js';
import { lanes, pauseHidden, problems, setComparing } from './state.js';
import { setTheme, type Theme, theme } from './theme.js';

/** The page. */
export function App() {
  const all = lanes.value;
  const runs = all.map(({ run }) => run);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the training
      </a>
      <Header />
      <main id="main">
        {problems.value.length > 0 && <Problems />}
        <div class="column-settings">
          <SettingsPanel />
        </div>
        <div class="column-main">
          <div class={`runs of-${runs.length}`}>
            {all.map((lane) => (
              <RunBar key={lane.run.id} lane={lane} />
            ))}
          </div>
          <CurvesPanel runs={runs} />
          <Seeing />
          <Mistakes />
        </div>
        <div class="column-pad">
          <section class="card" aria-labelledby="pad-title">
            <div class="card-head">
              <h2 id="pad-title">Draw a digit</h2>
            </div>
            <Pad />
            <Probabilities lanes={all} />
            <CollectDigits />
          </section>
          <Transfer />
        </div>
      </main>
      <Footer />
    </>
  );
}

function Header() {
  const comparing = lanes.value.length > 1;
  return (
    <header>
      <div class="title">
        <h1>Watch a network learn</h1>
        <p>It trains in this tab, on your processor. Nothing leaves your machine.</p>
      </div>
      <div class="header-controls">
        <button type="button" aria-pressed={comparing} onClick={() => setComparing(!comparing)}>
          Two runs side by side
        </button>
        <label class="theme">
          <span class="visually-hidden">Colours</span>
          <select value={theme.value} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
            <option value="auto">System colours</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
      </div>
    </header>
  );
}

function Problems() {
  return (
    <div class="notice bad problems" role="alert">
      {problems.value.map((problem) => (
        <p key={problem}>{problem}</p>
      ))}
      <button type="button" class="link" onClick={() => (problems.value = [])}>
        All right
      </button>
    </div>
  );
}

function Footer() {
  return (
    <footer>
      <CheckField
        label="Pause while this tab is hidden"
        checked={pauseHidden.value}
        onChange={(on) => (pauseHidden.value = on)}
      />
      <span data-testid="offline">{offline.value}</span>
      <span>
        {globalThis.crossOriginIsolated
          ? 'Threads share memory here.'
          : 'One thread: the page is not cross-origin isolated.'}
      </span>
      <span>mnist-kit, MIT. MNIST is by Yann LeCun, Corinna Cortes and Christopher J.C. Burges.</span>
    </footer>
  );
}
