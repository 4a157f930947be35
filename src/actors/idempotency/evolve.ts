/** The only writer of the idempotency actor's state: what each event of the journal means. */
import { unknownEvent } from '../../protocol/decider.ts';
import type { IdempotencyEvent } from './events.ts';
import type { IdempotencyState } from './state.ts';

export function evolveIdempotency({ requestByKey }: IdempotencyState, event: IdempotencyEvent): void {
  switch (event.type) {
    case 'RequestBegun': {
      const { key, fingerprint, resourceId, run, atMs } = event;
      // Deleted first, so that the map stays in the order of beginning.
      requestByKey.delete(key);
      requestByKey.set(key, { fingerprint, resourceId, run, beganAtMs: atMs, finished: null });
      break;
    }
    case 'RequestFinished': {
      const { status, body, location, etag = null } = event;
      requestByKey.get(event.key)!.finished = { status, body, location, etag };
      break;
    }
    case 'RequestAbandoned':
      requestByKey.delete(event.key);
      break;
    case 'RequestsForgotten':
      for (const [key, request] of requestByKey) {
        if (request.beganAtMs >= event.beforeMs) break;
        requestByKey.delete(key);
      }
      break;
    default:
      unknownEvent(event);
  }
}
