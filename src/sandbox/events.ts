/** The sandbox's list of events: what it told, or would have told, also when no webhook arrived. Kept for 30 days. */
import { type Context, invalid, onlyKnown, type Params, pageOf } from './call.ts';
import { renderEvent, renderList } from './render.ts';

const keptMs = 30 * 24 * 3_600_000;
const typesMax = 20;

export function listEvents({ rows, params, nowMs }: Context): object {
  onlyKnown(params, ['type', 'types', 'created', 'starting_after', 'limit', 'expand']);
  const types = typesOf(params);
  const kept = rows.events.filter(
    ({ type, createdAtMs }) =>
      createdAtMs <= nowMs && createdAtMs > nowMs - keptMs && (types === null || types.has(type)),
  );
  const { page, hasMore } = pageOf(kept, params);
  return renderList('/v1/events', page.map(renderEvent), hasMore);
}

/** null: all of them. */
function typesOf(params: Params): ReadonlySet<string> | null {
  const one = params.get('type');
  const many = [...params].flatMap(([name, value]) => (name.startsWith('types[') ? [value] : []));
  if (one !== undefined && many.length > 0)
    throw invalid('You may only specify one of these parameters: type, types.', { param: 'types' });
  if (many.length > typesMax) throw invalid(`Array too long: at most ${typesMax} types.`, { param: 'types' });
  const wanted = one === undefined ? many : [one];
  return wanted.length === 0 ? null : new Set(wanted);
}
