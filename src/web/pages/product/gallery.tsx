/** The pictures of a product: one large, the others as buttons below it; the arrow keys go from one to the next. */
import { useState } from 'preact/hooks';
import type { Product } from '../../../market/catalog/schemas.ts';
import { Picture } from '../../parts/picture.tsx';
import { shopWords } from '../../words-shop.ts';

const text = shopWords.product;

interface GalleryProps {
  readonly images: Product['images'];
  readonly title: string;
  /** The variant's own, which is shown first. */
  readonly preferred: string | undefined;
}

export function Gallery({ images, title, preferred }: GalleryProps) {
  const [picked, setPicked] = useState<{ readonly for: string | undefined; readonly at: number } | null>(
    null,
  );
  const own = Math.max(
    0,
    images.findIndex(({ imageId }) => imageId === preferred),
  );
  // Another variant: its own picture is the one that somebody wants to see.
  const at = Math.min(picked !== null && picked.for === preferred ? picked.at : own, images.length - 1);
  const show = (index: number) => setPicked({ for: preferred, at: (index + images.length) % images.length });
  const image = images[at];
  const turn = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = (at + step + images.length) % images.length;
    show(next);
    const buttons = (event.currentTarget as HTMLElement).querySelectorAll('button');
    buttons[next]?.focus();
  };
  return (
    <div class={`gallery ${images.length > 1 ? 'of-many' : ''}`}>
      <Picture
        url={image?.url}
        title={title}
        alt={image === undefined ? undefined : altOf(image, title)}
        isEager
      />
      {images.length > 1 && (
        // biome-ignore lint/a11y/useSemanticElements: pictures are no set of form fields
        <div class="thumbs" role="group" aria-label={text.pictures} onKeyDown={turn}>
          {images.map((each, index) => (
            <button
              key={each.imageId}
              type="button"
              aria-pressed={index === at}
              aria-label={each.alt || text.picture(index + 1)}
              onClick={() => show(index)}
            >
              <Picture url={each.thumbnailUrl} title={title} isEager />
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function altOf({ alt }: Product['images'][number], title: string): string {
  return alt === '' ? title : alt;
}
