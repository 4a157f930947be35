/** Saves what the API answers as a file: a link alone would not carry the session's token. */
import { ApiError } from './api.ts';
import { accessToken } from './session.ts';

/** Refuses with an `ApiError`; one that breaks off saves nothing. */
export async function download(path: string, name: string): Promise<void> {
  const token = await accessToken();
  const response = await fetch(path, {
    credentials: 'omit',
    headers: token === null ? {} : { Authorization: `Bearer ${token}` },
  }).catch(() => null);
  if (response === null) throw new ApiError(0, {}, null, null);
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem, response.headers.get('X-Request-Id'), null);
  }
  const whole = await response.blob().catch(() => null);
  if (whole === null) throw new ApiError(0, {}, null, null);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(whole);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
