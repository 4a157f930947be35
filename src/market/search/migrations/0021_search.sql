-- Up Migration
-- The searchable copies of the public products, and what is known of their words. Written by the feed's consumer and by
-- a reindex (src/market/search/postgres/writer.ts), from the catalogue: all of it can be made anew at any time.

-- Words that are nearly the same. `trusted`: the owner of a database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Drawn before the catalogue's rows are read, so of two copies the one with the greater number is not the older one.
CREATE SEQUENCE search_versions;

CREATE TABLE search_documents (
  product_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  price_amount bigint NOT NULL,
  indexed_at timestamptz NOT NULL DEFAULT now(),
  -- 0 to 500; 0: not rated.
  rating smallint NOT NULL,
  in_stock boolean NOT NULL,
  -- false: taken out. The row stays until the next reindex, so that a late older copy does not come back.
  is_listed boolean NOT NULL,
  currency text COLLATE "C" NOT NULL,
  brand text COLLATE "C" NOT NULL,
  category text COLLATE "C" NOT NULL,
  -- Words and stems of title, tags, brand and category with their weights: what relevance is computed from.
  head tsvector NOT NULL,
  -- Every word, stem and mark (postgres/lexemes.ts), without places: what is found.
  words tsvector NOT NULL
);
ALTER TABLE search_documents ADD CONSTRAINT search_documents_pkey PRIMARY KEY (product_id);
CREATE INDEX search_documents_words ON search_documents USING gin (words) WITH (gin_pending_list_limit = 256);
-- Orders that are walked until a page is full, when most documents match.
CREATE INDEX search_documents_newest ON search_documents (product_id) WHERE is_listed;
CREATE INDEX search_documents_by_rating ON search_documents (rating, product_id) WHERE is_listed;
CREATE INDEX search_documents_by_price ON search_documents (currency, price_amount, product_id) WHERE is_listed;
-- What changed since a reindex began.
CREATE INDEX search_documents_by_change ON search_documents (indexed_at);

CREATE TABLE search_lexicon (
  lexeme text COLLATE "C" NOT NULL,
  documents integer NOT NULL,
  -- A word as people write it, and no stem or mark.
  is_word boolean NOT NULL
) WITH (fillfactor = 80);
ALTER TABLE search_lexicon ADD CONSTRAINT search_lexicon_pkey PRIMARY KEY (lexeme);
CREATE INDEX search_lexicon_alike ON search_lexicon USING gin (lexeme gin_trgm_ops) WHERE is_word;

-- Brands and categories by the words that they can be found by.
CREATE TABLE search_suggestions (
  -- Folded, from the beginning of one of its words.
  key text COLLATE "C" NOT NULL,
  kind text NOT NULL CHECK (kind IN ('brand', 'category')),
  text text COLLATE "C" NOT NULL,
  documents integer NOT NULL
) WITH (fillfactor = 80);
ALTER TABLE search_suggestions ADD CONSTRAINT search_suggestions_pkey PRIMARY KEY (key, kind, text);

-- Down Migration
DROP TABLE search_suggestions, search_lexicon, search_documents;
DROP SEQUENCE search_versions;
