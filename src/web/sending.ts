/** Sends a file to the API and says how much of it has gone: `fetch` cannot say that. */
import { ApiError } from './api.ts';
import { accessToken } from './session.ts';

export interface Sending<Body> {
  readonly answer: Promise<Body>;
  /** The answer is then an `AbortError`. */
  cancel(): void;
}

export function sendFile<Body>(
  path: string,
  file: File,
  headers: Readonly<Record<string, string>>,
  onProgress: (sentBytes: number) => void,
): Sending<Body> {
  const request = new XMLHttpRequest();
  let isCancelled = false;
  const answer = new Promise<Body>((resolve, reject) => {
    const cancelled = () => reject(new DOMException('cancelled', 'AbortError'));
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => {
      const body = bodyOf(request);
      if (request.status >= 200 && request.status < 300) resolve(body as Body);
      else reject(refusalOf(request, body));
    };
    request.onerror = () => reject(new ApiError(0, {}, null, null));
    request.onabort = cancelled;
    accessToken().then((token) => {
      if (isCancelled) return cancelled();
      request.open('POST', path);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      if (token !== null) request.setRequestHeader('Authorization', `Bearer ${token}`);
      request.send(file);
    }, reject);
  });
  return {
    answer,
    cancel() {
      isCancelled = true;
      request.abort();
    },
  };
}

function bodyOf({ responseText }: XMLHttpRequest): Record<string, unknown> {
  try {
    return JSON.parse(responseText);
  } catch {
    // A proxy's page instead of an answer.
    return {};
  }
}

function refusalOf(request: XMLHttpRequest, body: Record<string, unknown>): ApiError {
  const retry = Number(request.getResponseHeader('Retry-After') ?? Number.NaN);
  const requestId = request.getResponseHeader('X-Request-Id');
  return new ApiError(request.status, body, requestId, Number.isNaN(retry) ? null : retry);
}
