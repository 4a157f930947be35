/** What a page is to the list of pages, and to the server that draws it. */
import type { ComponentType } from 'preact';

export interface PageProps {
  readonly params: Readonly<Record<string, string>>;
}

/** What a page reads of the API: what it is about comes first. The server reads the same before it draws the page. */
export type Reads = (params: PageProps['params'], query: URLSearchParams) => readonly string[];

export interface PageModule {
  readonly default: ComponentType<PageProps>;
  /** Of a page that can be read without its script. */
  readonly reads?: Reads;
}
