/** No such address, or no such thing. */
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
