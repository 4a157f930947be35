/** One import: how far it is, what became of its lines, and those that were refused. */
import { useState } from 'preact/hooks';
import type { Import, ImportError } from '../../market/imports/schemas.ts';
import { call, get } from '../api.ts';
import { count } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Figure } from '../parts/figure.tsx';
import { useList } from '../parts/list.ts';
import { usePolled } from '../parts/polled.ts';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { importWords as text } from '../words-imports.ts';

const pollSeconds = 1;

interface OneProps {
  readonly importId: string;
  /** It has ended: lists show it otherwise now. */
  readonly onEnded: () => void;
}

export function OneImport({ importId, onEnded }: OneProps) {
  const path = `/v1/imports/${importId}`;
  const read = async (signal: AbortSignal) => {
    const now = await get<Import>(path, signal);
    if (now.status !== 'running' && loaded.value?.status === 'running') onEnded();
    return now;
  };
  const loaded = usePolled<Import>(path, read, (value) =>
    value === null || value.status === 'running' ? pollSeconds : null,
  );
  const { value, error, reload } = loaded;
  if (value === null)
    return error === null ? <div class="skeleton" /> : <Trouble error={error} onRetry={reload} />;
  return (
    <section class="import-one" aria-labelledby="import-state">
      <h2 id="import-state">{value.status === 'running' ? text.reading : text.statuses[value.status]}</h2>
      {error !== null && <Trouble error={error} onRetry={reload} />}
      <State read={value} />
      {value.status === 'running' && <Stop path={path} onStopped={reload} />}
      <Errors key={`${importId} ${value.status}`} read={value} />
    </section>
  );
}

function State({ read }: { readonly read: Import }) {
  const { status, percent, linesRead } = read;
  return (
    <>
      <p role="status" class={status === 'failed' ? 'problem' : ''}>
        {saidOf(read)}
      </p>
      {status === 'running' && (
        <progress aria-label={text.reading} max={100} value={percent}>
          {percent} %
        </progress>
      )}
      <div class="import-figures">
        <Figure label={text.figures.read} value={count(linesRead)} />
        <Figure label={text.figures.created} value={count(read.created)} />
        <Figure label={text.figures.updated} value={count(read.updated)} />
        <Figure label={text.figures.unchanged} value={count(read.unchanged)} />
        <Figure label={text.figures.rejected} value={count(read.rejected)} />
      </div>
    </>
  );
}

/** Counts change all the time: while it runs only that it runs is said. */
function saidOf({ status, linesRead, rejected }: Import): string {
  if (status === 'running') return text.said.running;
  if (status === 'done') return text.said.done(count(linesRead), count(rejected));
  return status === 'failed' ? text.said.failed : text.said.stopped;
}

function Stop({ path, onStopped }: { readonly path: string; readonly onStopped: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const stop = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await call('DELETE', path);
      setAsking(false);
      onStopped();
    } catch (error) {
      setProblem(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        {text.stop}
      </button>
      {isAsking && (
        <Dialog
          title={text.stopTitle}
          stay={text.stopStay}
          act={text.stopAct}
          {...{ isBusy, problem }}
          onAct={() => void stop()}
          onClose={() => setAsking(false)}
        >
          <p>{text.stopText}</p>
        </Dialog>
      )}
    </>
  );
}

/** While it runs the first ones, as they come; afterwards all, page by page. */
function Errors({ read }: { readonly read: Import }) {
  const isRunning = read.status === 'running';
  if (read.errors.length === 0) return isRunning ? null : <p class="quiet">{text.noErrors}</p>;
  return isRunning ? (
    <ErrorTable errors={read.errors.slice(0, shownWhileRunning)} />
  ) : (
    <AllErrors importId={read.importId} />
  );
}

const shownWhileRunning = 20;

function AllErrors({ importId }: { readonly importId: string }) {
  const list = useList<ImportError>(`/v1/imports/${importId}/errors`, '?limit=50');
  return (
    <>
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      <ErrorTable errors={list.items ?? []} />
      {list.more !== null && (
        <button type="button" disabled={list.isBusy} onClick={list.more}>
          {text.moreErrors}
        </button>
      )}
    </>
  );
}

function ErrorTable({ errors }: { readonly errors: readonly ImportError[] }) {
  return (
    <div class="import-errors">
      <h3 id="import-errors">{text.errors}</h3>
      <div class="scroll">
        <table aria-labelledby="import-errors">
          <thead>
            <tr>
              <th scope="col">{text.line}</th>
              <th scope="col">{text.reason}</th>
            </tr>
          </thead>
          <tbody>
            {errors.map(({ line, code, message }) => (
              <tr key={line}>
                <th scope="row">{count(line)}</th>
                <td>
                  {message} <span class="quiet">{code}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
