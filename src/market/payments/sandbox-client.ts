/**
 * The sandbox's calls over kept connections, without the provider's SDK, which costs more than all else in a call. The
 * sandbox still takes the SDK: what is sent and what comes back is the same.
 *
 * 1. A call ends as it would in the SDK: with the object, with the SDK's error for what was answered, or with
 *    StripeConnectionError (refused, cut, silent for too long) or StripeAPIError (no JSON).
 * 2. It is sent once. The SDK sends it again when the connection was cut; here provider.ts does, as after any fault.
 */
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import Stripe from 'stripe';
import type { ProviderApi } from './provider-api.ts';

const { StripeError, StripeAPIError, StripeConnectionError } = Stripe.errors;
/** The sandbox wants a key and takes any. */
const authorization = 'Bearer sk_test_sandbox';

export function connectSandbox(sandboxUrl: string, agent: Agent, timeoutMs: number): ProviderApi {
  const { hostname: host, port } = new URL(sandboxUrl);
  const to = { host, port, agent, timeout: timeoutMs };
  const get = <Answer>(path: string, params: object) =>
    sent<Answer>(request({ ...to, path: `${path}?${formOf(params)}`, headers: { authorization } }), '');
  const post = <Answer>(path: string, params: object, { idempotencyKey }: { idempotencyKey: string }) => {
    const body = formOf(params);
    const headers = {
      authorization,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
      'idempotency-key': idempotencyKey,
    };
    return sent<Answer>(request({ ...to, method: 'POST', path, headers }), body);
  };
  const intents = '/v1/payment_intents';
  return {
    paymentIntents: {
      create: (params, options) => post(intents, params, options),
      capture: (id, params, options) => post(`${intents}/${encodeURIComponent(id)}/capture`, params, options),
      cancel: (id, params, options) => post(`${intents}/${encodeURIComponent(id)}/cancel`, params, options),
      retrieve: (id, params) => get(`${intents}/${encodeURIComponent(id)}`, params),
      search: (params) => get(`${intents}/search`, params),
    },
    refunds: {
      create: (params, options) => post('/v1/refunds', params, options),
      list: (params) => get('/v1/refunds', params),
    },
    disputes: { list: (params) => get('/v1/disputes', params) },
    events: { list: (params) => get('/v1/events', params) },
  };
}

/** Nested names as the provider has them: `metadata[orderId]=…&types[0]=…`. */
function formOf(params: object, prefix = ''): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(params)) {
    const path = prefix === '' ? name : `${prefix}[${name}]`;
    if (typeof value === 'object' && value !== null) pairs.push(formOf(value, path));
    else if (value !== undefined) pairs.push(`${path}=${encodeURIComponent(String(value))}`);
  }
  return pairs.join('&');
}

function sent<Answer>(call: ClientRequest, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(lost(error));
    call.on('timeout', () => call.destroy(new Error('silent for too long')));
    call.on('error', fail);
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', fail);
      response.on('close', () => {
        if (!response.complete) fail(new Error('cut'));
      });
      response.on('end', () => {
        try {
          resolve(read(response, text) as Answer);
        } catch (error) {
          reject(error);
        }
      });
    });
    call.end(body);
  });
}

function read({ statusCode = 0, headers }: IncomingMessage, text: string): unknown {
  const answer = parse(text);
  if (statusCode < 400) return answer;
  const error = 'error' in answer && typeof answer.error === 'object' ? answer.error : null;
  throw StripeError.generate(raw({ ...error, headers, statusCode }));
}

function parse(text: string): object {
  let answer: unknown = null;
  try {
    answer = JSON.parse(text);
  } catch {}
  if (typeof answer === 'object' && answer !== null) return answer;
  throw new StripeAPIError(raw({ message: 'The sandbox answered what is no JSON' }));
}

function lost(error: Error): Error {
  return new StripeConnectionError(
    raw({ message: `No answer from the sandbox: ${error.message}`, detail: error }),
  );
}

/** The SDK's errors are made of what was answered, whole or not, but their type wants it whole. */
const raw = (fields: object) => fields as Stripe.StripeRawError;
