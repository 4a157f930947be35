/** What a page says of itself beside its content: its title in the tab, and what search engines read. */
import { useEffect } from 'preact/hooks';
import { isBrowser } from '../browser.ts';

export interface Head {
  /** Of the tab: begins with the state. */
  readonly title: string;
  /** A sentence or two. */
  readonly description?: string;
  /** The path, with its query, under which search engines know the page. */
  readonly canonical?: string;
  /** Search engines follow its links and do not list it. */
  readonly isUnlisted?: boolean;
  /** Of schema.org, as JSON-LD. */
  readonly things?: readonly object[];
}

let drawn: Head = { title: '' };

export function useHead(head: Head): void {
  if (!isBrowser) drawn = head;
  useEffect(() => {
    document.title = head.title;
  }, [head.title]);
}

/** Of the page that was drawn last. */
export function drawnHead(): Head {
  return drawn;
}
