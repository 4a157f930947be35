/** One radiogroup for each option; what is sold out says so and cannot be chosen. */
import type { Variant } from '../../../market/catalog/schemas.ts';
import { shopWords } from '../../words-shop.ts';
import { choose, optionsOf } from './choosing.ts';

const text = shopWords.product;

interface PickerProps {
  readonly variants: readonly Variant[];
  readonly chosen: Variant;
  readonly onChoose: (variant: Variant) => void;
}

export function Picker({ variants, chosen, onChoose }: PickerProps) {
  return (
    <>
      {optionsOf(variants, chosen).map(({ name, values }, index) => (
        <div key={name} class="pick" role="radiogroup" aria-labelledby={`option-${index}`}>
          <p class="pick-head">
            <b id={`option-${index}`}>{titled(name)}</b>
            <span class="quiet">{chosen.options[name] ?? ''}</span>
          </p>
          <div class="values">
            {values.map(({ value, isOut }) => (
              <label key={value}>
                <input
                  type="radio"
                  name={`option-${index}`}
                  value={value}
                  aria-label={isOut ? text.soldOutOption(value) : value}
                  checked={chosen.options[name] === value}
                  disabled={isOut}
                  onChange={() => onChoose(choose(variants, chosen, name, value))}
                />
                <span>{value}</span>
              </label>
            ))}
          </div>
        </div>
      ))}
    </>
  );
}

/** `size` -> `Size`. */
export function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
