/**
 * How many units of a SKU there are for everybody, as its actor says. For what only has to be nearly right, a gateway takes
 * its own last answer for a second, so that a crowd that adds the same few SKUs does not ask their actors each time.
 */
import { readStock } from '../../actors/sku/commands.ts';
import { RecentMap } from '../../gateway/recent-map.ts';
import { perGateway, type Services } from '../../gateway/route.ts';

const keptMs = 1_000;
const keptMin = 20_000;

interface Level {
  readonly units: Promise<number | null>;
  readonly askedAtMs: number;
}

class Levels {
  readonly #services: Services;
  readonly #levelBySku = new RecentMap<string, Level>(keptMin);

  constructor(services: Services) {
    this.#services = services;
  }

  /** At most a second old. null: nobody knows, because there is no such SKU or its shard is away. */
  recent(sku: string): Promise<number | null> {
    const level = this.#levelBySku.get(sku);
    return level !== undefined && performance.now() - level.askedAtMs < keptMs ? level.units : this.now(sku);
  }

  now(sku: string): Promise<number | null> {
    const units = this.#ask(sku);
    this.#levelBySku.set(sku, { units, askedAtMs: performance.now() });
    return units;
  }

  async #ask(sku: string): Promise<number | null> {
    const { code, body } = await this.#services.ask(readStock, sku, {});
    return code === 'ok' ? body.available : null;
  }
}

export const levelsOf = perGateway((services) => new Levels(services));
