-- Up Migration
-- Files of images that lie in the file store, a row for each set of widths. A product's `images` are addresses, or objects
-- that say more of an image; those of our own files name the hash.
CREATE TABLE image_files (
  hash text COLLATE "C" PRIMARY KEY,
  -- Of the widest file, in pixels.
  width integer NOT NULL,
  height integer NOT NULL,
  -- When somebody sent or named them last, or a product was found that has them: without one they are deleted a day later.
  wanted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX image_files_by_use ON image_files (wanted_at);
-- Whether a product has them: few products have files of ours when a catalogue was imported.
CREATE INDEX products_by_image ON products USING gin (images jsonb_path_ops) WHERE images @? '$[*].hash';

-- Down Migration
DROP INDEX products_by_image;
DROP TABLE image_files;
