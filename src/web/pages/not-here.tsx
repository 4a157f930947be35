/** No such address, or no such thing. */
import { ApiError } from '../api.ts';
import { Page } from '../parts/page.tsx';
import { words } from '../words.ts';

export function NotHere() {
  const { title, text, next } = words.notHere;
  return (
    <Page heading={title} title={`${title} – ${words.brand}`} kind="plain">
      <p>{text}</p>
      <a class="button" href="/drops">
        {next}
      </a>
    </Page>
  );
}

/** What the page is about does not exist, or is nobody's to see. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}
