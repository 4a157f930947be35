/** A file is chosen or dropped, and sent. */
import { useId, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { share } from '../format.ts';
import { sentenceOf } from '../parts/trouble.tsx';
import { type Sending, sendFile } from '../sending.ts';
import { uuid } from '../uuid.ts';
import { importWords as text } from '../words-imports.ts';

const bytesMax = 256 * 1024 * 1024;
const mebibyte = 1024 * 1024;

interface Started {
  readonly importId: string;
}

interface Chosen {
  readonly file: File;
  /** The same for every try, so that a lost answer makes no second import. */
  readonly key: string;
  readonly sentBytes: number;
}

/** The headers that say what it is; null: no file that an import takes. */
function headersOf({ name }: File): Record<string, string> | null {
  const [, kind, packed] = /\.(csv|ndjson|jsonl)(\.gz)?$/i.exec(name) ?? [];
  if (kind === undefined) return null;
  return {
    'Content-Type': kind.toLowerCase() === 'csv' ? 'text/csv' : 'application/x-ndjson',
    ...(packed ? { 'Content-Encoding': 'gzip' } : {}),
  };
}

export function ImportFile({ onStarted }: { readonly onStarted: (importId: string) => void }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const sending = useRef<Sending<Started> | null>(null);
  const send = async ({ file, key }: Chosen) => {
    const headers = { ...headersOf(file)!, 'Idempotency-Key': key };
    const onProgress = (sentBytes: number) => setChosen((now) => now && { ...now, sentBytes });
    sending.current = sendFile<Started>('/v1/imports', file, headers, onProgress);
    try {
      const { importId } = await sending.current.answer;
      onStarted(importId);
    } catch (error) {
      const isCancelled = !(error instanceof ApiError) && (error as Error).name === 'AbortError';
      setProblem(isCancelled ? text.cancelled : sentenceOf(error));
    } finally {
      sending.current = null;
      setChosen(null);
    }
  };
  const choose = (files: FileList | null) => {
    const [file, ...more] = files ?? [];
    if (file === undefined) return;
    const wrong =
      more.length > 0
        ? text.onlyOne
        : headersOf(file) === null
          ? text.wrongType(file.name)
          : file.size > bytesMax
            ? text.tooLarge(file.name)
            : null;
    setProblem(wrong);
    if (wrong !== null) return;
    const next = { file, key: uuid(), sentBytes: 0 };
    setChosen(next);
    void send(next);
  };
  return (
    <div class="import-file">
      {chosen === null ? (
        <Chooser problem={problem} onFiles={choose} />
      ) : (
        <Going chosen={chosen} onCancel={() => sending.current?.cancel()} />
      )}
      <details>
        <summary>{text.columns}</summary>
        <p class="field-note">{text.columnsText}</p>
      </details>
    </div>
  );
}

interface ChooserProps {
  readonly problem: string | null;
  readonly onFiles: (files: FileList | null) => void;
}

function Chooser({ problem, onFiles }: ChooserProps) {
  const id = useId();
  const [isOver, setOver] = useState(false);
  return (
    <fieldset
      class={`drop-zone ${isOver ? 'over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFiles(event.dataTransfer?.files ?? null);
      }}
    >
      <label for={id}>{text.choose}</label>
      <input
        id={id}
        type="file"
        accept=".csv,.ndjson,.jsonl,.gz,text/csv,application/x-ndjson"
        aria-describedby={problem === null ? `${id}-note` : `${id}-note ${id}-problem`}
        onChange={(event) => {
          onFiles(event.currentTarget.files);
          // The same file may be chosen again, once it was mended.
          event.currentTarget.value = '';
        }}
      />
      <p class="field-note" id={`${id}-note`}>
        {text.drop}
      </p>
      {problem !== null && (
        <p class="problem" role="alert" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </fieldset>
  );
}

function Going({ chosen, onCancel }: { readonly chosen: Chosen; readonly onCancel: () => void }) {
  const { file, sentBytes } = chosen;
  const sent = Math.min(sentBytes, file.size);
  const inMebibytes = (bytes: number) => (bytes / mebibyte).toFixed(1);
  return (
    <div class="drop-zone">
      <h2>{text.sending}</h2>
      <p>
        <strong>{file.name}</strong>
      </p>
      <progress aria-label={text.sending} max={Math.max(1, file.size)} value={sent}>
        {share(sent / Math.max(1, file.size))}
      </progress>
      <p class="quiet">{text.sent(inMebibytes(sent), inMebibytes(file.size))}</p>
      <button type="button" onClick={onCancel}>
        {text.cancel}
      </button>
    </div>
  );
}
