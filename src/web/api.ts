/**
 * The only client of the API. Answers have the types of the server's own schemas; a refusal is an `ApiError` with the
 * problem's code. A newer server may answer with more fields and other states: nothing here is strict about them.
 */
import { degradedHeader, isDegraded, type Told } from './answers.ts';
import { hearServerDate, hearServerTime } from './clock.ts';
import { accessToken, renew } from './session.ts';

export class ApiError extends Error {
  /** 0: there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    problem: Readonly<Record<string, unknown>>,
    requestId: string | null,
    retryAfterSeconds: number | null,
  ) {
    super(String(problem.detail ?? problem.title ?? status));
    this.status = status;
    this.code = String(problem.code ?? (status === 0 ? 'unreachable' : 'unknown'));
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
    this.problem = problem;
  }

  /** The same request may be answered otherwise in a moment. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

interface Options {
  /** A file is sent as it is, everything else as JSON. */
  readonly body?: object | File;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without it the request goes out with the session's token, if there is a session. */
  readonly token?: string | null;
  readonly signal?: AbortSignal;
}

export interface Answer<Body> extends Told<Body> {
  readonly status: number;
  readonly etag: string | null;
}

const timeoutMs = 20_000;
/** Of a request with a file: as long as the server waits for it, and then some. */
const fileTimeoutMs = 150_000;

export async function call<Body>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  options: Options = {},
): Promise<Answer<Body>> {
  const token = options.token === undefined ? await accessToken() : options.token;
  const answer = await send(method, path, options, token);
  if (answer.status !== 401 || token === null || options.token !== undefined) return read(answer);
  const renewed = await renew(token);
  return read(renewed === null ? answer : await send(method, path, options, renewed));
}

export async function get<Body>(path: string, signal?: AbortSignal): Promise<Body> {
  return (await call<Body>('GET', path, signal ? { signal } : {})).body;
}

async function send(method: string, path: string, options: Options, token: string | null): Promise<Response> {
  const { body } = options;
  const isFile = body instanceof File;
  const limit = AbortSignal.timeout(isFile ? fileTimeoutMs : timeoutMs);
  try {
    return await fetch(path, {
      method,
      // The API answers to tokens alone.
      credentials: 'omit',
      cache: 'no-cache',
      headers: {
        ...(body ? { 'Content-Type': isFile ? body.type : 'application/json' } : {}),
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...options.headers,
      },
      ...(body ? { body: isFile ? body : JSON.stringify(body) } : {}),
      signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
    });
  } catch (error) {
    throw new ApiError(0, { detail: String(error) }, null, null);
  }
}

async function read<Body>(response: Response): Promise<Answer<Body>> {
  hearServerDate(response.headers.get('Date'));
  const text = await response.text().catch(() => '');
  let body: unknown = null;
  try {
    if (text !== '') body = JSON.parse(text);
  } catch {
    // A proxy's page instead of an answer.
  }
  if (!response.ok) {
    const retry = Number(response.headers.get('Retry-After') ?? Number.NaN);
    throw new ApiError(
      response.status,
      isObject(body) ? body : {},
      response.headers.get('X-Request-Id'),
      Number.isNaN(retry) ? null : retry,
    );
  }
  if (isObject(body) && typeof body.asOf === 'string') hearServerTime(body.asOf);
  const { status, headers } = response;
  return {
    ...{ status, body: body as Body, etag: headers.get('ETag') },
    isDegraded: isDegraded(headers.get(degradedHeader)),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
