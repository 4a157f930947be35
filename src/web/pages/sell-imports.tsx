/** A seller's imports: a file in, how it is read, and all products as a file out. */
import './sell-imports.css';
import { useState } from 'preact/hooks';
import type { ImportSummary } from '../../market/imports/schemas.ts';
import { download } from '../download.ts';
import { count, moment } from '../format.ts';
import { type List, useList } from '../parts/list.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { importWords as text } from '../words-imports.ts';
import { ImportFile } from './sell-import-file.tsx';
import { OneImport } from './sell-import-one.tsx';

export default function ImportsPage() {
  return (
    <Needs roles={['seller']}>
      <Imports accountId={session.value?.accountId ?? ''} />
    </Needs>
  );
}

function Imports({ accountId }: { readonly accountId: string }) {
  const list = useList<ImportSummary>('/v1/imports', '?limit=10', accountId);
  const [chosenId, setChosenId] = useState<string | null>(null);
  const shownId = chosenId ?? list.items?.[0]?.importId ?? null;
  const back = (
    <a class="button" href="/sell">
      {text.back}
    </a>
  );
  const show = (importId: string) => {
    setChosenId(importId);
    list.reload();
  };
  return (
    <Page heading={text.title} title={`${text.title} – ${words.brand}`} kind="imports" aside={back}>
      <p>{text.intro}</p>
      <ImportFile onStarted={show} />
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      {list.items === null && list.error === null && <div class="skeleton" />}
      {shownId !== null && <OneImport key={shownId} importId={shownId} onEnded={list.reload} />}
      <Earlier list={list} onShow={setChosenId} />
      <Export />
    </Page>
  );
}

interface EarlierProps {
  readonly list: List<ImportSummary>;
  readonly onShow: (importId: string) => void;
}

function Earlier({ list, onShow }: EarlierProps) {
  if (list.items === null) return null;
  return (
    <section aria-labelledby="earlier">
      <h2 id="earlier">{text.earlier}</h2>
      {list.items.length === 0 && <p class="quiet">{text.none}</p>}
      {list.items.length > 0 && (
        <ul class="earlier">
          {list.items.map(({ importId, createdAt, status, linesRead, rejected }) => (
            <li key={importId}>
              <button type="button" class="link" onClick={() => onShow(importId)}>
                {text.show(moment(createdAt))}
              </button>
              <span>{text.summary(text.statuses[status] ?? status, count(linesRead), count(rejected))}</span>
            </li>
          ))}
        </ul>
      )}
      {list.more !== null && (
        <button type="button" disabled={list.isBusy} onClick={list.more}>
          {text.moreImports}
        </button>
      )}
    </section>
  );
}

function Export() {
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const save = async (format: 'csv' | 'ndjson') => {
    const name = `products.${format}`;
    setBusy(true);
    setProblem(null);
    setSaid(text.exporting);
    try {
      await download(`/v1/exports/products?format=${format}`, name);
      setSaid(text.exported(name));
    } catch (error) {
      setSaid('');
      setProblem(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section aria-labelledby="export">
      <h2 id="export">{text.export}</h2>
      <p>{text.exportText}</p>
      <div class="buttons">
        <button type="button" disabled={isBusy} onClick={() => void save('csv')}>
          {text.exportCsv}
        </button>
        <button type="button" disabled={isBusy} onClick={() => void save('ndjson')}>
          {text.exportJson}
        </button>
      </div>
      <p role="status">{said}</p>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
