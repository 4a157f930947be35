/** What the pages of the administration have in common: for whom they are, and the way from one to the other. */
import '../admin.css';
import type { ComponentChildren } from 'preact';
import { Needs } from '../../parts/needs.tsx';
import { Page } from '../../parts/page.tsx';
import { path } from '../../router.ts';
import { words } from '../../words.ts';
import { adminWords } from '../../words-admin.ts';

interface FrameProps {
  readonly heading: string;
  readonly children: ComponentChildren;
}

export function AdminFrame({ heading, children }: FrameProps) {
  return (
    <Needs roles={['admin']}>
      <Page heading={heading} title={`${heading} – ${words.brand}`} kind="admin" aside={<Ways />}>
        {children}
      </Page>
    </Needs>
  );
}

function Ways() {
  const { title, pages, links } = adminWords;
  const ways = [
    { href: '/admin', text: title },
    ...Object.entries(links).map(([name, text]) => ({ href: `/admin/${name}`, text })),
  ];
  return (
    <nav class="admin-ways" aria-label={pages}>
      {ways.map(({ href, text }) => (
        <a key={href} href={href} {...(path.value === href ? { 'aria-current': 'page' as const } : {})}>
          {text}
        </a>
      ))}
    </nav>
  );
}
