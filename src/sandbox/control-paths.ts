/**
 * The paths under `/_sandbox/`: what outside checkers read, and the faults that tests ask for. No fault touches them, and
 * no page in a browser (protocol/local-door.ts).
 */
import { refusals } from '../protocol/codes.ts';
import { strangerAt } from '../protocol/local-door.ts';
import { invalid } from './call.ts';
import { changeFaults, type FaultSwitch } from './faults.ts';
import type { Received, Sent } from './http-server.ts';
import type { Rows } from './rows.ts';
import { paymentsPage, totalsOf } from './totals.ts';
import type { Webhooks } from './webhooks.ts';

export const controlPrefix = '/_sandbox/';

export class ControlPaths {
  readonly #rows: Rows;
  readonly #webhooks: Webhooks;
  readonly #faults: FaultSwitch;
  readonly #hosts: readonly string[];

  /** `hosts`: names besides those of loopback under which they answer. */
  constructor(rows: Rows, webhooks: Webhooks, faults: FaultSwitch, hosts: readonly string[]) {
    this.#rows = rows;
    this.#webhooks = webhooks;
    this.#faults = faults;
    this.#hosts = hosts;
  }

  handle({ method, path, query, rawHeaders, body }: Received): Sent {
    const stranger = strangerAt(rawHeaders, this.#hosts);
    if (stranger !== null) return refusedTo(stranger);
    switch (`${method} ${path.slice(controlPrefix.length)}`) {
      case 'GET totals':
        return {
          status: 200,
          body: { ...totalsOf(this.#rows, Date.now()), webhooks: this.#webhooks.counts() },
        };
      case 'GET payments':
        return this.#payments(new URLSearchParams(query));
      case 'GET faults':
        return { status: 200, body: this.#faults.current };
      case 'POST faults':
        return this.#change(body);
      default:
        throw invalid('Nothing here', {}, 404);
    }
  }

  #payments(query: URLSearchParams): Sent {
    const limit = Number(query.get('limit') ?? 100);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw invalid('limit must be 1 to 1000');
    const page = paymentsPage(this.#rows, query.get('after'), limit, Date.now());
    if (!page) throw invalid('no such payment to start after', {}, 404);
    return { status: 200, body: page };
  }

  #change(body: string): Sent {
    const changed = changeFaults(this.#faults.current, parseJson(body));
    if (typeof changed === 'string') throw invalid(changed);
    this.#faults.current = changed;
    return { status: 200, body: changed };
  }
}

/** As the server's own refusals are, because these paths are not the provider's. */
function refusedTo(detail: string): Sent {
  const code = 'forbidden';
  const body = { type: `urn:doorbuster:problem:${code}`, title: refusals[code], status: 403, detail, code };
  return { status: 403, body, headers: { 'content-type': 'application/problem+json' } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
