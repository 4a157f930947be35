/**
 * Which variant somebody chooses, option by option.
 *
 * 1. Options are chosen in their order: of a later one only the values stand open that are in stock with the earlier
 *    choices, so that whatever is open can be chosen, and every variant in stock can be reached.
 * 2. An earlier choice takes the later ones along where they exist in stock, else to the first that does.
 */
import type { Variant } from '../../../market/catalog/schemas.ts';

type Choosable = Pick<Variant, 'sku' | 'options' | 'stockLevel'>;

export interface Option {
  readonly name: string;
  readonly values: readonly { readonly value: string; readonly isOut: boolean }[];
}

const isInStock = ({ stockLevel }: Choosable) => stockLevel !== 'none';

/** Names in the order in which the variants bring them. */
function namesOf(variants: readonly Choosable[]): readonly string[] {
  return [...new Set(variants.flatMap(({ options }) => Object.keys(options)))];
}

const partOf = ({ options }: Choosable, name: string): string => options[name] ?? '';

const agree = (a: Choosable, b: Choosable, names: readonly string[]): boolean =>
  names.every((name) => partOf(a, name) === partOf(b, name));

/** The one of this SKU, else the first that is in stock, else the first. */
export function chosenOf<Each extends Choosable>(
  variants: readonly Each[],
  sku: string | null,
): Each | undefined {
  return variants.find((variant) => variant.sku === sku) ?? variants.find(isInStock) ?? variants[0];
}

export function optionsOf(variants: readonly Choosable[], chosen: Choosable): readonly Option[] {
  const names = namesOf(variants);
  return names.map((name, index) => {
    const earlier = names.slice(0, index);
    const open = variants.filter((variant) => isInStock(variant) && agree(variant, chosen, earlier));
    const values = [...new Set(variants.map((variant) => partOf(variant, name)))].filter(Boolean);
    return {
      name,
      values: values.map((value) => ({ value, isOut: !open.some((each) => partOf(each, name) === value) })),
    };
  });
}

/** The variant that has this value, and agrees with what is chosen as far as it can. */
export function choose<Each extends Choosable>(
  variants: readonly Each[],
  chosen: Each,
  name: string,
  value: string,
): Each {
  const names = namesOf(variants);
  const index = names.indexOf(name);
  const possible = variants.filter(
    (variant) => partOf(variant, name) === value && agree(variant, chosen, names.slice(0, index)),
  );
  const inStock = possible.filter(isInStock);
  const rest = names.slice(index + 1);
  return (
    (inStock.length > 0 ? inStock : possible).reduce<Each | null>((best, each) => {
      if (best === null) return each;
      const alike = (variant: Each) =>
        rest.filter((other) => partOf(variant, other) === partOf(chosen, other));
      return alike(each).length > alike(best).length ? each : best;
    }, null) ?? chosen
  );
}
