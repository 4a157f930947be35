/** Requests that a browser's page may cause at a door on loopback, sent as raw bytes, and what comes back. */
import { connect } from 'node:net';
import { expect } from 'vitest';

interface RawAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** `headers` as they stand in the request, in that order. */
async function sendRaw(url: string, method: string, path: string, headers: readonly string[], body = '') {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  socket.end(
    [`${method} ${path} HTTP/1.1`, ...headers, ...length, 'Connection: close', '', body].join('\r\n'),
  );
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  const [head = '', ...rest] = text.split('\r\n\r\n');
  return {
    status: Number(head.split(' ')[1]),
    headers: head.toLowerCase(),
    body: rest.join('\r\n\r\n'),
  } as RawAnswer;
}

const own = 'Host: 127.0.0.1:1';

/** By what is wrong with them. */
const strangers: Readonly<Record<string, readonly string[]>> = {
  'a rebound host name': ['Host: evil.example'],
  'a rebound host name with the port': ['Host: evil.example:9090'],
  'an IPv6 literal that is not loopback': ['Host: [2001:db8::1]:9090'],
  'no Host': [],
  'two Hosts': [own, 'Host: evil.example'],
  'the origin null': [own, 'Origin: null'],
  'the origin of a page': [own, 'Origin: https://evil.example'],
  'a cross-site fetch': [own, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors'],
  'a same-site fetch': [own, 'Sec-Fetch-Site: same-site'],
};

/**
 * Every path is refused to all of them with a typed problem, and answers a program of this machine. `withoutHost`: what the HTTP
 * machine answers by itself to a request without a Host, when it does not come to the door at all.
 */
export async function expectClosedToPages(
  url: string,
  requests: readonly { readonly method: string; readonly path: string; readonly body?: string }[],
  withoutHost: number | null = null,
): Promise<void> {
  for (const { method, path, body } of requests) {
    for (const [what, headers] of Object.entries(strangers)) {
      const answer = await sendRaw(url, method, path, headers, body);
      if (withoutHost !== null && headers.length === 0) {
        expect(answer.status, `${method} ${path} with ${what}`).toBe(withoutHost);
        continue;
      }
      expect(answer.status, `${method} ${path} with ${what}`).toBe(403);
      expect(answer.headers).toContain('content-type: application/problem+json');
      if (method !== 'HEAD')
        expect(JSON.parse(answer.body)).toMatchObject({
          type: 'urn:doorbuster:problem:forbidden',
          status: 403,
          code: 'forbidden',
        });
    }
  }
}

/** The names under which a program of this machine may ask. */
export async function expectOpenToPrograms(url: string, path: string): Promise<void> {
  for (const host of ['127.0.0.1', '127.0.0.1:9090', 'localhost:1', '[::1]:9090', 'LocalHost'])
    expect((await sendRaw(url, 'GET', path, [`Host: ${host}`])).status, host).toBe(200);
  expect((await sendRaw(url, 'GET', path, [own, 'Sec-Fetch-Site: none'])).status).toBe(200);
}
