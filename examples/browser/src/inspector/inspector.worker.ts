import { Inspector } from './inspector.js';
import type { InspectorAnswer, InspectorRequest, InspectorSetup } from './messages.js';

/** A module worker's own end of the line, of which the page's declarations know nothing. */
const scope = self as unknown as {
  onmessage: ((event: MessageEvent<InspectorSetup | InspectorRequest>) => void) | null;
  postMessage(message: InspectorAnswer): void;
};

let inspector: Inspector | undefined;
/** One call after the other: they share a net. */
let last: Promise<unknown> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if ('mnistUrl' in data) {
    inspector = new Inspector(data.mnistUrl);
    return;
  }
  const { id, call, args } = data;
  last = last.then(async () => {
    try {
      const method = inspector?.[call] as ((...args: readonly unknown[]) => unknown) | undefined;
      scope.postMessage({ id, result: await method?.apply(inspector, [...args]) });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
      scope.postMessage({ id, error: { name, message } });
    }
  });
};
