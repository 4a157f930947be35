/** The only writer of the idempotency actor's state: what each event of the journal means. */
import { unknownEvent } from '../../protocol/decider.ts';
import type { IdempotencyEvent } from './events.ts';
import { answerCharsOf, count, type IdempotencyState } from './state.ts';

export function evolveIdempotency(state: IdempotencyState, event: IdempotencyEvent): void {
  switch (event.type) {
    case 'RequestBegun': {
      const { key, fingerprint, resourceId, run, atMs } = event;
      // Deleted first, so that the map stays in the order of beginning.
      drop(state, key);
      state.requestByKey.set(key, { fingerprint, resourceId, run, beganAtMs: atMs, finished: null });
      count(state, key, 1, 0);
      break;
    }
    case 'RequestFinished': {
      const { status, body, location, etag = null } = event;
      const request = state.requestByKey.get(event.key)!;
      request.finished = { status, body, location, etag };
      count(state, event.key, 0, answerCharsOf(request));
      break;
    }
    case 'RequestAbandoned':
      drop(state, event.key);
      break;
    case 'RequestsForgotten':
      for (const [key, request] of state.requestByKey) {
        if (request.beganAtMs >= event.beforeMs) break;
        drop(state, key);
      }
      break;
    default:
      unknownEvent(event);
  }
}

function drop(state: IdempotencyState, key: string): void {
  const request = state.requestByKey.get(key);
  if (request === undefined) return;
  count(state, key, -1, -answerCharsOf(request));
  state.requestByKey.delete(key);
}
