/** One sending of one request and what came back, as the client's own clock saw it: for those who watch the crowd. */

export const actions = ['sign-in', 'join', 'hold', 'checkout', 'leave', 'read', 'browse'] as const;
export type Action = (typeof actions)[number];

export interface Attempt {
  readonly action: Action;
  /** By `performance.now()`. */
  readonly sentAtMs: number;
  readonly tookMs: number;
  /** 0: no answer came. */
  readonly status: number;
  /** It acknowledged something that was not there before: a ticket, a hold, an order. */
  readonly isNew: boolean;
}

export type AttemptListener = (attempt: Attempt) => void;

/** Lists for everybody come from tables; everything else is asked of the engine. */
export function actionOf(method: string, path: string): Action {
  if (path.startsWith('/v1/auth/')) return 'sign-in';
  if (method === 'GET')
    return path.startsWith('/v1/products') || path.startsWith('/v1/sales?') ? 'browse' : 'read';
  if (method === 'DELETE') return 'leave';
  if (path.endsWith('/tickets')) return 'join';
  if (path.endsWith('/holds')) return 'hold';
  return path === '/v1/checkout' ? 'checkout' : 'leave';
}

const makers: ReadonlySet<Action> = new Set(['join', 'hold', 'checkout']);

export function isNewAcknowledgement(action: Action, status: number, isReplay: boolean): boolean {
  return makers.has(action) && (status === 201 || status === 202) && !isReplay;
}
