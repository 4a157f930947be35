/**
 * The indices that searches find by one alias.
 *
 * 1. A generation is an index with an alias of its own, by which alone it is written: one that was deleted is not made
 *    again by a write, which knows no mappings.
 * 2. What changes is written to every generation there is. A new one is filled with rows that are read after it was made,
 *    so whatever a change misses there is in what was read; searches are moved to it in one step, and the others go.
 * 3. A run that is broken off leaves a generation that the next one deletes.
 */
import { type Client, errors } from '@elastic/elasticsearch';
import type { CompleteIndex, Removal, SearchDocument } from '../engine.ts';
import { indexed, mappings, removed, settings } from './document.ts';

const writeMsMax = 30_000;
const documentsAtOnce = 250;
/** Of what PostgreSQL has; fewer are not the lag of a copy. */
const leastShare = 0.9;

interface Write {
  readonly id: string;
  readonly version: number;
  readonly document: Record<string, unknown>;
}

const writeOf = (document: SearchDocument): Write => ({
  id: document.productId,
  version: document.version,
  document: indexed(document),
});

export class ElasticsearchIndex implements CompleteIndex {
  readonly #client: Client;
  readonly #alias: string;

  /** `alias`: what searches ask. */
  constructor(client: Client, alias: string) {
    this.#client = client.child({ requestTimeout: writeMsMax });
    this.#alias = alias;
  }

  index(documents: readonly SearchDocument[]): Promise<void> {
    return this.#write(documents.map(writeOf));
  }

  remove(removals: readonly Removal[]): Promise<void> {
    return this.#write(
      removals.map((removal) => ({
        id: removal.productId,
        version: removal.version,
        document: removed(removal),
      })),
    );
  }

  async isComplete(expected: number): Promise<boolean> {
    if (!(await this.#client.indices.existsAlias({ name: this.#alias }))) return false;
    const { count } = await this.#client.count({ index: this.#alias });
    return count >= expected * leastShare;
  }

  async indexAll(documents: AsyncIterable<readonly SearchDocument[]>): Promise<number> {
    const index = `${this.#alias}-${Date.now()}`;
    await this.#client.indices.create({ index, mappings, settings, aliases: { [writerOf(index)]: {} } });
    let count = 0;
    for await (const batch of documents) {
      await this.#bulk(writerOf(index), batch.map(writeOf));
      count += batch.length;
    }
    await this.#client.indices.refresh({ index });
    const others = Object.keys(await this.#generations()).filter((name) => name !== index);
    await this.#client.indices.updateAliases({
      actions: [
        { add: { index, alias: this.#alias } },
        ...others.map((other) => ({ remove_index: { index: other } })),
      ],
    });
    return count;
  }

  async #write(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    const generations = Object.keys(await this.#generations());
    if (generations.length === 0) throw new Error('Elasticsearch has no index of ours');
    for (const index of generations)
      for (let at = 0; at < writes.length; at += documentsAtOnce)
        await this.#bulk(writerOf(index), writes.slice(at, at + documentsAtOnce));
  }

  async #generations(): Promise<object> {
    try {
      return await this.#client.indices.getAlias({ name: writerOf(`${this.#alias}-*`) });
    } catch (error) {
      if (error instanceof errors.ResponseError && error.statusCode === 404) return {};
      throw error;
    }
  }

  async #bulk(alias: string, writes: readonly Write[]): Promise<void> {
    const answer = await this.#client.bulk({
      require_alias: true,
      operations: writes.flatMap(({ id, version, document }) => [
        { index: { _index: alias, _id: id, version, version_type: 'external_gte' as const } },
        document,
      ]),
    });
    if (!answer.errors) return;
    // A conflict is an older copy that came late: what is there is newer.
    const failed = answer.items.map(({ index }) => index).find((item) => item?.error && item.status !== 409);
    if (failed) throw new Error(`Elasticsearch refused ${failed._id}: ${failed.error!.reason}`);
  }
}

const writerOf = (index: string) => `${index}-writer`;
