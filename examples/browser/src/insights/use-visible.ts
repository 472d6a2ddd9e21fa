import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

/** Whether an element is on the screen: what nobody sees is not computed. */
export function useVisible() {
  const element = useRef<HTMLElement>(null);
  const visible = useMemo(() => signal(false), []);
  useEffect(() => {
    if (element.current === null) return undefined;
    const observer = new IntersectionObserver(([entry]) => {
      visible.value = entry.isIntersecting;
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [visible]);
  return { element, visible };
}
