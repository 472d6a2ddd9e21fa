/** TensorFlow.js looks through all layers for each that it makes. */
const maxLayers = 5000;

/**
 * Looks for layers that a model's description can never come to, for their inputs are layers that it lacks or that
 * wait for them in turn. TensorFlow.js goes on looking for ever (tfjs-layers, `engine/container.ts`, `fromConfig`).
 *
 * @param topology What model.json says under `modelTopology`.
 * @returns What is wrong, as a clause; undefined when nothing is.
 */
export function findUnreachable(topology: unknown): string | undefined {
  const open: unknown[] = [topology];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (isObject(value) && Array.isArray(value.layers)) {
      const problem = checkLayers(value.layers);
      if (problem !== undefined) return problem;
    }
    for (const child of Object.values(value)) if (typeof child === 'object') open.push(child);
  }
  return undefined;
}

/** A use of a layer: it can be made once the uses that it names are. */
interface Use {
  readonly layer: string;
  readonly inputs: readonly (readonly [layer: string, use: number])[];
}

function checkLayers(layers: readonly unknown[]): string | undefined {
  if (layers.length > maxLayers) return `it has ${layers.length} layers, more than ${maxLayers}`;
  const made = new Map<string, number>();
  let waiting: Use[] = [];
  for (const layer of layers) {
    if (!isObject(layer)) return 'it has a layer that is no object';
    const { name, config, inboundNodes } = fields(layer);
    if (inboundNodes === undefined) continue;
    if (typeof name !== 'string') return 'it has a layer without a name';
    const shown = JSON.stringify(name);
    if (made.has(name)) return `it has two layers named ${shown}`;
    if (isObject(config) && (config.name ?? name) !== name) return `layer ${shown} has another name within`;
    made.set(name, startsWithUse(layer) ? 1 : 0);
    for (const use of Array.isArray(inboundNodes) ? inboundNodes : []) {
      const inputs = inputsOf(use);
      if (inputs === undefined) return `layer ${shown} has damaged inputs`;
      if (inputs.length > 0) waiting.push({ layer: name, inputs });
    }
  }
  for (let before = -1; waiting.length !== before; ) {
    before = waiting.length;
    waiting = waiting.filter(({ layer, inputs }) => {
      const ready = inputs.every(([input, use]) => (made.get(input) ?? 0) > use);
      if (ready) made.set(layer, (made.get(layer) ?? 0) + 1);
      return !ready;
    });
  }
  if (waiting.length === 0) return undefined;
  const [{ layer, inputs }] = waiting;
  const lacking = inputs.find(([input, use]) => (made.get(input) ?? 0) <= use);
  return `layer ${JSON.stringify(layer)} has an input from ${JSON.stringify(lacking?.[0])} that is never made`;
}

/** An input layer, and a model within the model that has an input, are connected when they are made. */
function startsWithUse(layer: unknown): boolean {
  if (!isObject(layer)) return false;
  const { className, config } = fields(layer);
  if (className === 'InputLayer' || className === 'Model' || className === 'Functional') return true;
  if (className !== 'Sequential') return false;
  const layers = isObject(config) ? config.layers : config;
  const [first] = Array.isArray(layers) ? layers : [];
  if (!isObject(first)) return false;
  const { config: firstConfig } = fields(first);
  const hasShape = isObject(firstConfig) && fields(firstConfig).batchInputShape != null;
  return hasShape || startsWithUse(first);
}

/** What an object has under the names that TensorFlow.js turns its keys into: `inboundNodes`. */
function fields(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key.replace(/_+(\w|$)/g, (_, next: string) => next.toUpperCase()),
      field,
    ]),
  );
}

function inputsOf(use: unknown): Use['inputs'] | undefined {
  if (!Array.isArray(use)) return undefined;
  const inputs = use.map((input: unknown) => (Array.isArray(input) ? input : []));
  if (!inputs.every(([name, index]) => typeof name === 'string' && Number.isInteger(index) && index >= 0))
    return undefined;
  return inputs.map(([name, index]) => [name, index]);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
