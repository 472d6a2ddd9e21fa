import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { percent } from '../app/format.js';
import { selected } from '../app/state.js';
import { programOf } from './program.js';

/** What the last export or import said. */
const said = signal<{ readonly text: string; readonly bad?: boolean } | undefined>(undefined);

/** Name of the file that the next training starts from. */
const fileName = signal('');

/** Takes the net home, and brings one. */
export function Transfer() {
  const { run, inspection } = selected.value;
  const picker = useRef<HTMLInputElement>(null);
  const settings = run.trained.value ?? run.settings.value;
  const name = `${settings.net.kind}-step${run.figures.value.step}`;

  const save = async (format: 'safetensors' | 'onnx') => {
    try {
      // One look may be on its way, with weights of before.
      await inspection.follow();
      await inspection.follow();
      download(`${name}.${format}`, await inspection.call('file', format), 'application/octet-stream');
      said.value = { text: `Saved ${name}.${format}.` };
    } catch (error) {
      said.value = { text: messageOf(error), bad: true };
    }
  };
  const saveProgram = () => {
    const text = programOf(settings, { address: location.href, factor: run.factor.value });
    download('train.ts', new TextEncoder().encode(text), 'text/plain');
    said.value = { text: 'Saved train.ts: it trains the same in Node.' };
  };
  const open = async (file: File | undefined) => {
    if (file === undefined) return;
    try {
      const given = new Uint8Array(await file.arrayBuffer());
      const bytes = await inspection.call('readWeights', run.settings.value.net, given, file.name);
      inspection.initial.value = bytes;
      fileName.value = file.name;
      said.value = { text: `${file.name} is read: the next training starts from it.` };
    } catch (error) {
      said.value = { text: `${file.name} cannot be used with this net. ${messageOf(error)}`, bad: true };
    }
  };
  const test = async () => {
    said.value = { text: 'Reading 10,000 test images …' };
    try {
      const accuracy = await inspection.call('test', settings.data, settings.dataUrl);
      said.value = { text: `${percent(accuracy)} of the 10,000 test images are read right.` };
    } catch (error) {
      said.value = { text: messageOf(error), bad: true };
    }
  };

  return (
    <section class="card" aria-labelledby="transfer-title">
      <div class="card-head">
        <h2 id="transfer-title">Take it home</h2>
      </div>
      <div class="row">
        <button type="button" onClick={() => void save('safetensors')}>
          Weights (safetensors)
        </button>
        <button type="button" onClick={() => void save('onnx')}>
          Model (ONNX)
        </button>
        <button type="button" onClick={saveProgram}>
          Program (TypeScript)
        </button>
        <button type="button" onClick={() => picker.current?.click()}>
          Start from a file …
        </button>
        <button type="button" onClick={() => void test()}>
          Test it
        </button>
        <input
          ref={picker}
          class="visually-hidden"
          type="file"
          tabIndex={-1}
          aria-label="File with weights, safetensors or ONNX"
          accept=".safetensors,.onnx"
          onChange={(event) => {
            void open(event.currentTarget.files?.[0]);
            event.currentTarget.value = '';
          }}
        />
      </div>
      {inspection.initial.value !== undefined && (
        <p class="notice">
          The next training starts from {fileName.value}.{' '}
          <button type="button" class="link" onClick={() => (inspection.initial.value = undefined)}>
            Do not
          </button>
        </p>
      )}
      <p class={said.value?.bad ? 'notice bad' : 'hint'} role="status">
        {said.value?.text ?? 'Files that PyTorch, onnxruntime and Node read.'}
      </p>
    </section>
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function download(name: string, bytes: Uint8Array, type: string): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
