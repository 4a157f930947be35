/** Where idempotency keys and the answers to them are kept: what the gateway asks of it. */

export interface KeyedRequest {
  /** Whose key it is: the same key of two owners is two keys. */
  readonly owner: string;
  readonly key: string;
  readonly fingerprint: string;
  /** The id that the request may mint. The store fixes the first attempt's id for all that follow. */
  readonly resourceId: string;
}

export interface KeptAnswer {
  readonly status: number;
  /** JSON text: small, and the same bytes again. */
  readonly body: string | null;
  readonly location: string | null;
  readonly etag: string | null;
}

export type Begun =
  | { readonly outcome: 'run'; readonly resourceId: string }
  | ({ readonly outcome: 'replay' } & KeptAnswer);

export interface KeyStore {
  /**
   * Run it under this id, or give this answer again. Refuses with `idempotency_key_reused`,
   * `idempotency_in_progress`, `rate_limited` when the owner has its fill of keys, or `busy`.
   */
  begin(request: KeyedRequest): Promise<Begun>;
  /** Keeps the answer of a request that ran. Never refuses: what cannot be stored at once is stored soon after. */
  finish(request: KeyedRequest, answer: KeptAnswer): Promise<void>;
  /** The request has no final answer: its next repeat runs again under the same id. Never refuses. */
  handBack(request: KeyedRequest): Promise<void>;
}
