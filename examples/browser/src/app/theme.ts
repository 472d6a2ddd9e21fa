import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'mnist-kit:theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** What the visitor chose; `auto` follows the system. */
export const theme = signal<Theme>(read());
/** What is shown. Canvases, which know no stylesheets, are drawn anew when it changes. */
export const isDark = signal(false);

function read(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'auto';
  } catch {
    return 'auto';
  }
}

/** Takes a theme and remembers it. */
export function setTheme(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It holds for this visit.
  }
  apply();
}

function apply(): void {
  const { value } = theme;
  const root = document.documentElement;
  if (value === 'auto') root.removeAttribute('data-theme');
  else root.dataset.theme = value;
  isDark.value = value === 'auto' ? dark.matches : value === 'dark';
}

dark.addEventListener('change', apply);
apply();

/** A colour of the stylesheet, as canvases need it. */
export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
