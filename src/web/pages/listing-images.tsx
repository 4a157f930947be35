/** The images of a listing: added by a button or by dropping files, moved by dragging or by arrow keys, described, removed. */
import { useRef, useState } from 'preact/hooks';
import type { Image, Product } from '../../market/catalog/schemas.ts';
import { call } from '../api.ts';
import { sentenceOf } from '../parts/trouble.tsx';
import { listingWords } from '../words-listing.ts';
import { ImageCard } from './listing-image-card.tsx';
import { listingPath } from './listing-state.ts';
import { imageTypes, type Upload, type Uploads, useUploads } from './listing-uploads.ts';

const text = listingWords.images;

interface ImagesProps {
  readonly product: Product;
  /** The images are other ones now. */
  readonly onChanged: () => Promise<void>;
}

export function ListingImages({ product, onChanged }: ImagesProps) {
  const { productId, images } = product;
  const heading = useRef<HTMLHeadingElement>(null);
  const list = useRef<HTMLUListElement>(null);
  /** Ids in the order that was asked for and is not read yet; null: as the product has them. */
  const [order, setOrder] = useState<readonly string[] | null>(null);
  const [said, setSaid] = useState('');
  const [isOver, setOver] = useState(false);
  const uploads = useUploads(
    productId,
    async ({ name }) => {
      await onChanged();
      setSaid(text.uploaded(name, images.length + 1));
    },
    ({ name }, problem) => setSaid(text.failed(name, problem)),
  );
  const shown =
    order === null ? images : order.flatMap((id) => images.find(({ imageId }) => imageId === id) ?? []);
  const path = (imageId: string) => `${listingPath(productId)}/images/${imageId}`;

  const move = async (from: number, to: number) => {
    const image = shown[from];
    if (image === undefined || from === to) return;
    if (to < 0 || to >= shown.length) return setSaid(text.edge(from + 1));
    const ids = shown.map(({ imageId }) => imageId);
    setOrder(ids.toSpliced(from, 1).toSpliced(to, 0, image.imageId));
    setSaid(text.moved(from + 1, to + 1, shown.length));
    focusHandle(image.imageId);
    try {
      await call('PATCH', path(image.imageId), { body: { position: to } });
      await onChanged();
    } catch (error) {
      setSaid(`${text.kept} ${sentenceOf(error)}`);
    }
    setOrder(null);
    focusHandle(image.imageId);
  };
  // A card that moves in the list loses the focus that it has.
  const focusHandle = (imageId: string) =>
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(`[data-image="${imageId}"] .handle`)?.focus(),
    );
  const describe = async (image: Image, alt: string) => {
    await call('PATCH', path(image.imageId), { body: { alt } });
    await onChanged();
    setSaid(text.altSaved);
  };
  const remove = async (image: Image) => {
    await call('DELETE', path(image.imageId));
    await onChanged();
    setSaid(text.removed);
    requestAnimationFrame(() => heading.current?.focus({ preventScroll: true }));
  };

  return (
    <section
      aria-labelledby="images"
      class={`images ${isOver ? 'over' : ''}`}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        uploads.add([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <h2 id="images" ref={heading} tabIndex={-1}>
        {text.title}
      </h2>
      <p class="visually-hidden" role="status">
        {said}
      </p>
      {images.length === 0 && <p class="field-note">{text.none}</p>}
      <ul ref={list} class="image-cards">
        {shown.map((image, at) => (
          <ImageCard
            key={image.imageId}
            {...{ image, at, of: shown.length, title: product.title }}
            onMove={(to) => void move(at, to)}
            onDescribe={(alt) => describe(image, alt)}
            onRemove={() => remove(image)}
          />
        ))}
      </ul>
      <Queue uploads={uploads} />
      <AddButton onFiles={uploads.add} />
    </section>
  );
}

function AddButton({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div class="add-images">
      <input
        ref={input}
        type="file"
        accept={imageTypes}
        multiple
        hidden
        aria-label={text.add}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          // The same file may be chosen again.
          event.currentTarget.value = '';
        }}
      />
      <button type="button" aria-describedby="images-note" onClick={() => input.current?.click()}>
        {text.add}
      </button>
      <span class="quiet by-mouse">{text.drop}</span>
      <p class="field-note" id="images-note">
        {text.note}
      </p>
    </div>
  );
}

function Queue({ uploads }: { readonly uploads: Uploads }) {
  const first = uploads.all.find(({ problem }) => problem === null);
  if (uploads.all.length === 0) return null;
  return (
    <ul class="uploads">
      {uploads.all.map((upload) => (
        <li key={upload.key}>
          <Queued {...{ upload, uploads, isFirst: upload === first }} />
        </li>
      ))}
    </ul>
  );
}

interface QueuedProps {
  readonly upload: Upload;
  readonly uploads: Uploads;
  readonly isFirst: boolean;
}

function Queued({ upload: { key, file, problem }, uploads, isFirst }: QueuedProps) {
  if (problem === null) return <p>{isFirst ? text.uploading(file.name) : text.waiting(file.name)}</p>;
  return (
    <>
      <p class="problem">{text.failed(file.name, problem)}</p>
      <div class="buttons">
        <button type="button" aria-label={text.againOf(file.name)} onClick={() => uploads.again(key)}>
          {text.again}
        </button>
        <button
          type="button"
          class="link"
          aria-label={text.dismissOf(file.name)}
          onClick={() => uploads.dismiss(key)}
        >
          {text.dismiss}
        </button>
      </div>
    </>
  );
}
