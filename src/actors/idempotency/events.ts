/**
 * What happened: the journal's records and the only input of `evolve`. Shapes are pinned by golden files; a change
 * of meaning is a new type, never a new reading of an old one. `atMs` is engine time.
 */

export type IdempotencyEvent =
  | { type: 'RequestBegun'; key: string; fingerprint: string; resourceId: string; run: string; atMs: number }
  | {
      type: 'RequestFinished';
      key: string;
      status: number;
      body: unknown;
      location: string | null;
      /** Absent in records of earlier versions. */
      etag?: string | null;
      atMs: number;
    }
  | { type: 'RequestAbandoned'; key: string }
  | { type: 'RequestsForgotten'; beforeMs: number };
