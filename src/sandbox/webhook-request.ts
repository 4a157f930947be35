/** One event as it goes to the shop over HTTP: its signature, its request. */
import { createHmac } from 'node:crypto';
import { type Agent, request } from 'node:http';

const timeoutMs = 5_000;

function signatureOf(payload: string, secret: string): string {
  const atSeconds = Math.floor(Date.now() / 1000);
  const mac = createHmac('sha256', secret).update(`${atSeconds}.${payload}`).digest('hex');
  return `t=${atSeconds},v1=${mac}`;
}

/** Where webhooks go, read once: reading an address costs as much as sending to it. */
export interface Receiver {
  readonly host: string;
  readonly port: string;
  readonly path: string;
}

export function receiverAt(url: string): Receiver {
  const { hostname, port, pathname, search } = new URL(url);
  return { host: hostname, port, path: `${pathname}${search}` };
}

/** Signed anew at each call: the time in the signature is that of sending. Resolves with the status. */
export function post(agent: Agent, receiver: Receiver, payload: string, secret: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(payload),
      'stripe-signature': signatureOf(payload, secret),
    };
    const sent = request({ ...receiver, agent, method: 'POST', timeout: timeoutMs, headers }, (response) => {
      response.resume();
      response.once('error', reject);
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('timeout', () => sent.destroy(new Error('timeout')));
    sent.once('error', reject);
    sent.end(payload);
  });
}
