/** A request that was refused or not answered: what it means, one next step, and what support asks for. */
import { ApiError } from '../api.ts';
import { words } from '../words.ts';

/** Of what a person did, and may do again. */
export function sentenceOf(error: unknown): string {
  return isOurs(error) ? `${whatOf(error)} ${words.trouble.again}` : whatOf(error);
}

/** Not the fault of what was asked. */
function isOurs(error: unknown): boolean {
  return !(error instanceof ApiError) || error.isPassing;
}

function whatOf(error: unknown): string {
  const { trouble } = words;
  if (!(error instanceof ApiError)) return trouble.unknown;
  if (error.status === 0) return trouble.unreachable;
  if (error.status === 429) return trouble.rateLimited;
  if (error.status === 503) return trouble.busy;
  return error.status >= 500 ? trouble.unknown : error.message;
}

interface TroubleProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
}

export function Trouble({ error, onRetry }: TroubleProps) {
  // Reads are tried again after what passes (`loaded.ts`).
  const isRetried = error instanceof ApiError && error.isPassing;
  const requestId = error instanceof ApiError ? error.requestId : null;
  return (
    <div class="trouble" role="alert">
      <p>{isRetried ? `${whatOf(error)} ${words.trouble.byItself}` : sentenceOf(error)}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {words.trouble.tryAgain}
        </button>
      )}
      {requestId !== null && (
        <details>
          <summary>{words.trouble.details}</summary>
          <p>{words.trouble.requestId(requestId)}</p>
        </details>
      )}
    </div>
  );
}
