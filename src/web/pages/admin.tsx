/** The administration: where to go, and what waits there. */
import type { ComponentChildren } from 'preact';
import { get } from '../api.ts';
import { count, none } from '../format.ts';
import { Figure } from '../parts/figure.tsx';
import { useLoaded } from '../parts/loaded.ts';
import { adminWords } from '../words-admin.ts';
import { AdminFrame } from './admin/frame.tsx';

const { title, links, hub } = adminWords;
/** More are not counted. */
const countedMax = 100;

export default function AdminPage() {
  return (
    <AdminFrame heading={title}>
      <ul class="admin-hub">
        <Way href="/admin/listings" text={links.listings} note={hub.listings}>
          <Waiting label={hub.waiting} path="/v1/moderation/products?" />
        </Way>
        <Way href="/admin/sellers?state=applied" text={links.sellers} note={hub.sellers}>
          <Waiting label={hub.toVerify} path="/v1/admin/sellers?state=applied&" />
        </Way>
        <Way href="/admin/accounts" text={links.accounts} note={hub.accounts} />
        <Way href="/admin/rates" text={links.rates} note={hub.rates} />
        <Way href="/admin/audit" text={links.audit} note={hub.audit} />
      </ul>
    </AdminFrame>
  );
}

interface WayProps {
  readonly href: string;
  readonly text: string;
  readonly note: string;
  readonly children?: ComponentChildren;
}

function Way({ href, text, note, children }: WayProps) {
  return (
    <li>
      <h2>
        <a href={href}>{text}</a>
      </h2>
      <p class="quiet">{note}</p>
      {children}
    </li>
  );
}

/** `path`: of a list, up to its limit. */
function Waiting({ label, path }: { readonly label: string; readonly path: string }) {
  const { value } = useLoaded(path, (signal) =>
    get<{ items: readonly unknown[]; nextCursor: string | null }>(`${path}limit=${countedMax}`, signal),
  );
  const shown = value === null ? none : `${count(value.items.length)}${value.nextCursor === null ? '' : '+'}`;
  return <Figure label={label} value={shown} kind={value !== null && value.items.length > 0 ? 'due' : ''} />;
}
