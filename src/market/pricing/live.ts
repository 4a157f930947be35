/** Each gateway reads the rates when it starts, so that it has them when the tables are away at its first quote. */
import type { LiveFeature } from '../../gateway/live/feature.ts';
import { pricingOf } from './store.ts';

export const live: LiveFeature = {
  sends: {},
  make({ services }) {
    pricingOf(services)
      .tables()
      .catch((error: unknown) => {
        services.log('warn', 'the rates could not be read', { error: String(error) });
      });
    return {};
  },
};
