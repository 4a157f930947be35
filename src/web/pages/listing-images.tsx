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

const pathOf = (product: Product, image: Image) =>
  `${listingPath(product.productId)}/images/${image.imageId}`;

/** The images in the order that was asked for last, and how they are changed. `onSaid` is told what became of it. */
function useImages({ product, onChanged }: ImagesProps, onSaid: (said: string) => void) {
  const { images } = product;
  const list = useRef<HTMLUListElement>(null);
  /** Ids in the order that was asked for and is not read yet; null: as the product has them. */
  const [order, setOrder] = useState<readonly string[] | null>(null);
  /** Moves are sent one after the other: each is meant in the order that the one before it has made. */
  const moving = useRef<Promise<void>>(Promise.resolve());
  const shown =
    order === null ? images : order.flatMap((id) => images.find(({ imageId }) => imageId === id) ?? []);
  // A card that moves in the list loses the focus that it has.
  const focusHandle = ({ imageId }: Image) =>
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(`[data-image="${imageId}"] .handle`)?.focus(),
    );
  const move = async (from: number, to: number) => {
    const image = shown[from];
    if (image === undefined || from === to) return;
    if (to < 0 || to >= shown.length) return onSaid(text.edge(from + 1));
    const others = shown.map(({ imageId }) => imageId).toSpliced(from, 1);
    const asked = others.toSpliced(to, 0, image.imageId);
    setOrder(asked);
    onSaid(text.moved(from + 1, to + 1, shown.length));
    focusHandle(image);
    const before = moving.current;
    const send = async () => {
      await before;
      try {
        await call('PATCH', pathOf(product, image), { body: { position: to } });
        await onChanged();
      } catch (error) {
        onSaid(`${text.kept} ${sentenceOf(error)}`);
      }
      // Of a move that was asked for meanwhile nothing is read yet.
      setOrder((order) => (order === asked ? null : order));
    };
    moving.current = send();
    await moving.current;
    focusHandle(image);
  };
  const describe = async (image: Image, alt: string) => {
    await call('PATCH', pathOf(product, image), { body: { alt } });
    await onChanged();
    onSaid(text.altSaved);
  };
  const remove = async (image: Image) => {
    await call('DELETE', pathOf(product, image));
    await onChanged();
    onSaid(text.removed);
  };
  return { list, shown, move, describe, remove };
}

/** Files may be dropped anywhere on it. */
function useDropping(onFiles: (files: readonly File[]) => void) {
  const [isOver, setOver] = useState(false);
  return {
    isOver,
    handlers: {
      onDragOver: (event: DragEvent) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        setOver(false);
        onFiles([...(event.dataTransfer?.files ?? [])]);
      },
    },
  };
}

export function ListingImages(props: ImagesProps) {
  const { product, onChanged } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  const [said, setSaid] = useState('');
  const { list, shown, move, describe, remove } = useImages(props, setSaid);
  const uploads = useUploads(
    product.productId,
    async ({ name }) => {
      await onChanged();
      setSaid(text.uploaded(name, product.images.length + 1));
    },
    ({ name }, problem) => setSaid(text.failed(name, problem)),
  );
  const { isOver, handlers } = useDropping(uploads.add);
  return (
    <section aria-labelledby="images" class={`images ${isOver ? 'over' : ''}`} {...handlers}>
      <h2 id="images" ref={heading} tabIndex={-1}>
        {text.title}
      </h2>
      <p class="visually-hidden" role="status">
        {said}
      </p>
      {shown.length === 0 && <p class="field-note">{text.none}</p>}
      <ul ref={list} class="image-cards">
        {shown.map((image, at) => (
          <ImageCard
            key={image.imageId}
            {...{ image, at, of: shown.length, title: product.title }}
            onMove={(to) => void move(at, to)}
            onDescribe={(alt) => describe(image, alt)}
            onRemove={async () => {
              await remove(image);
              requestAnimationFrame(() => heading.current?.focus({ preventScroll: true }));
            }}
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
