/** Which of a listing's images show one of its variants: the first of them is what somebody sees who chooses it. */
import { useId } from 'preact/hooks';
import type { Image } from '../../market/catalog/schemas.ts';
import { Picture } from '../parts/picture.tsx';
import { listingWords } from '../words-listing.ts';

const text = listingWords.variants;

interface VariantImagesProps {
  /** Of the listing. */
  readonly images: readonly Image[];
  /** Ids of those that show the variant. */
  readonly chosen: readonly string[];
  readonly problem: string | null;
  /** In the listing's order. */
  readonly onChange: (chosen: readonly string[]) => void;
}

export function VariantImages({ images, chosen, problem, onChange }: VariantImagesProps) {
  const id = useId();
  if (images.length === 0) return null;
  const toggle = (toggled: string) =>
    onChange(
      images
        .map(({ imageId }) => imageId)
        .filter((imageId) => chosen.includes(imageId) !== (imageId === toggled)),
    );
  return (
    <fieldset class="variant-images" aria-describedby={id}>
      <legend>{text.images}</legend>
      <div class="ticks">
        {images.map(({ imageId, thumbnailUrl, alt }, at) => (
          <label key={imageId}>
            <input
              type="checkbox"
              checked={chosen.includes(imageId)}
              aria-label={text.image(at + 1, alt)}
              onChange={() => toggle(imageId)}
            />
            <Picture url={thumbnailUrl} title="" />
          </label>
        ))}
      </div>
      <p class="field-note" id={id}>
        {text.imagesNote}
      </p>
      {problem !== null && <p class="problem">{problem}</p>}
    </fieldset>
  );
}
