/** What operators configure of the search. */
export interface SearchSettings {
  /** null: PostgreSQL is the only engine. */
  readonly search: { readonly elasticsearchUrl: string | null };
}
