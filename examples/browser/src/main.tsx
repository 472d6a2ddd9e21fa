import { render } from 'preact';
import { App } from './app/app.js';
import { registerServiceWorker } from './app/offline.js';
import { lanes } from './app/state.js';
import { strokes } from './pad/drawing.js';

render(<App />, document.body);

const untouched = () => strokes.value.length === 0 && lanes.value.every(({ run }) => !run.active.value);
// After the page's own files, which come first.
if (document.readyState === 'complete') void registerServiceWorker(untouched);
else addEventListener('load', () => void registerServiceWorker(untouched));
