/** Values made from a route's own schema: one that fits, and the places in it. */
import type { TSchema } from 'typebox';
import { partsOf, type SchemaParts } from '../../src/gateway/field-errors.ts';

export interface Place {
  /** Names and indexes from the root. */
  readonly steps: readonly (string | number)[];
  readonly schema: SchemaParts & { readonly '~isFreeText'?: boolean };
}

const uuid = '0197f3a0-0000-7000-8000-000000000001';
/** Texts of every form that a pattern of ours asks for. */
const texts = [
  'Some text',
  'SKU-1',
  'USD',
  '0.5',
  'pm_card_visa',
  'ada@shop.example',
  'https://shop.example/a.png',
  '2099-07-01T08:00:00Z',
  uuid,
  ...['acc', 'sal', 'tkt', 'ord', 'prd', 'adr', 'img', 'cat', 'crt', 'quo', 'wsh', 'prm', 'rul', 'off'].map(
    (prefix) => `${prefix}_${uuid}`,
  ),
];

/** Names of what a schema leaves to the client, by the pattern of the names. */
function nameFor(pattern: string): string {
  return ['color', 'EUR'].find((name) => new RegExp(pattern, 'u').test(name)) ?? 'color';
}

/** A value that fits, with every optional property. */
export function sampleOf(schema: TSchema | SchemaParts): unknown {
  const parts = partsOf(schema as TSchema);
  if (parts.anyOf !== undefined) return sampleOf(parts.anyOf[0]!);
  if (parts.enum !== undefined) return parts.enum.includes('US') ? 'US' : parts.enum[0];
  if (parts.const !== undefined) return parts.const;
  switch (parts.type) {
    case 'string':
      return textFor(parts);
    case 'integer':
    case 'number':
      return parts.minimum ?? 1;
    case 'boolean':
      return false;
    case 'array':
      return Array.from({ length: Math.min(1, parts.maxItems ?? 1) }, () => sampleOf(parts.items ?? {}));
    case 'object':
      return Object.fromEntries([
        ...Object.entries(parts.properties ?? {}).map(([name, part]) => [name, sampleOf(part)]),
        ...Object.entries(parts.patternProperties ?? {}).map(([pattern, part]) => [
          nameFor(pattern),
          sampleOf(part),
        ]),
      ]);
    default:
      return null;
  }
}

function textFor({ pattern, minLength = 0, maxLength = 1_000 }: SchemaParts): string {
  const fits = (text: string) => pattern === undefined || new RegExp(pattern, 'u').test(text);
  const found = texts.find((text) => fits(text) && text.length >= minLength && text.length <= maxLength);
  if (found === undefined) throw new Error(`no sample fits ${pattern}`);
  return found;
}

/** Every place of a schema, the root first. */
export function placesOf(schema: TSchema | SchemaParts, steps: Place['steps'] = []): Place[] {
  const parts = partsOf(schema as TSchema);
  const inner = [
    ...(parts.anyOf ?? []).slice(0, 1).flatMap((part) => placesOf(part, steps)),
    ...Object.entries(parts.properties ?? {}).flatMap(([name, part]) => placesOf(part, [...steps, name])),
    ...Object.entries(parts.patternProperties ?? {}).flatMap(([pattern, part]) =>
      placesOf(part, [...steps, nameFor(pattern)]),
    ),
    ...(parts.items === undefined || parts.maxItems === 0 ? [] : placesOf(parts.items, [...steps, 0])),
  ];
  return [{ steps, schema: parts }, ...inner];
}

/** A copy of the value with something else at that place. */
export function withAt(value: unknown, steps: Place['steps'], part: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return part;
  if (Array.isArray(value)) return value.map((item, i) => (i === step ? withAt(item, rest, part) : item));
  const object = value as Record<string, unknown>;
  return { ...object, [step]: withAt(object[step], rest, part) };
}

export const pathOf = ({ steps }: Place) => steps.map((step) => `/${step}`).join('');
