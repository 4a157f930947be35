/**
 * Where the browser is, as a signal. Links inside the shop change the address without loading the page again; a link
 * with a modifier key, a download or another origin stays the browser's.
 */
import { computed, signal } from '@preact/signals';
import { isBrowser } from './browser.ts';

/** On the server it is set to the page's before each drawing. */
export const address = signal(new URL(isBrowser ? location.href : 'http://localhost/'));

export const path = computed(() => address.value.pathname.replace(/(.)\/$/, '$1'));

/** What of the path stands in place of the names of a pattern such as `/drops/{saleId}`; null: another page. */
export function match(pattern: string, actual: string): Readonly<Record<string, string>> | null {
  const [wanted, given] = [pattern.split('/'), actual.split('/')];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = given[index]!;
    if (!part.startsWith('{')) {
      if (part !== text) return null;
      continue;
    }
    try {
      params[part.slice(1, -1)] = decodeURIComponent(text);
    } catch {
      return null;
    }
  }
  return params;
}

/** `isReplaced`: the back button does not come here again. `isStill`: the page stays where it is scrolled to. */
export function go(href: string, isReplaced = false, isStill = isReplaced): void {
  const url = new URL(href, location.href);
  if (url.href !== address.value.href) history[isReplaced ? 'replaceState' : 'pushState'](null, '', url);
  address.value = url;
  if (url.hash === '' && !isStill) scrollTo(0, 0);
}

function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest('a');
  if (link?.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
  // What begins on this page stays on it.
  if (link.getAttribute('href')?.startsWith('#') || link.pathname.startsWith('/v1/')) return;
  event.preventDefault();
  go(link.href);
}

if (isBrowser) {
  addEventListener('popstate', () => {
    address.value = new URL(location.href);
  });
  addEventListener('click', followLink);
}
