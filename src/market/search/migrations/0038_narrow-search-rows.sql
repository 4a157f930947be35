-- Up Migration
-- Searches read thousands of the copies' rows for their facts. Each row was a quarter of a page with its words in it; now
-- words and head are beside the table, and the facts of half a million products fit into 120 MB.
CREATE TABLE search_documents_narrow (LIKE search_documents INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE search_documents_narrow
  -- 0 to 255, by nothing that the product is: rows of 0 are a sample of all.
  ADD COLUMN sample smallint NOT NULL DEFAULT 0,
  -- PostgreSQL moves long values out of a row of more than 2,000 bytes only. This makes every row so long while it is
  -- stored, and is 30 bytes afterwards.
  ADD COLUMN filler text NOT NULL DEFAULT repeat(' ', 2000),
  ALTER COLUMN filler SET STORAGE MAIN,
  ALTER COLUMN words SET STORAGE EXTERNAL,
  ALTER COLUMN head SET STORAGE EXTERNAL,
  ALTER COLUMN product_id SET STORAGE PLAIN,
  ALTER COLUMN currency SET STORAGE PLAIN,
  ALTER COLUMN brand SET STORAGE PLAIN,
  ALTER COLUMN category SET STORAGE PLAIN,
  SET (toast_tuple_target = 128);

-- Marks of samples give way to the column, and there are marks of the best ratings in finer steps.
INSERT INTO search_documents_narrow (product_id, version, price_amount, indexed_at, rating, in_stock, is_listed, currency,
    brand, category, head, words, sample)
  SELECT product_id, version, price_amount, indexed_at, rating, in_stock, is_listed, currency, brand, category, head,
    ts_delete(words, ARRAY['~s4', '~s16', '~s64', '~s256'])
      || array_to_tsvector(ARRAY(SELECT '~r' || step FROM unnest(ARRAY[4.6, 4.7, 4.8, 4.9]) AS s(step) WHERE rating >= step * 100)),
    CASE WHEN right(product_id, 2) ~ '^[0-9a-f]{2}$' THEN ('x' || right(product_id, 2))::bit(8)::int ELSE 1 END
  FROM search_documents;
DELETE FROM search_lexicon WHERE lexeme IN ('~s4', '~s16', '~s64', '~s256');
INSERT INTO search_lexicon (lexeme, documents, is_word)
  SELECT '~r' || step, count(*), false FROM search_documents_narrow, unnest(ARRAY[4.6, 4.7, 4.8, 4.9]) AS s(step)
  WHERE rating >= step * 100 GROUP BY step;

DROP TABLE search_documents;
ALTER TABLE search_documents_narrow RENAME TO search_documents;
ALTER TABLE search_documents ADD CONSTRAINT search_documents_pkey PRIMARY KEY (product_id);
CREATE INDEX search_documents_words ON search_documents USING gin (words) WITH (gin_pending_list_limit = 256);
-- Words of every 16th, 64th and 256th: what is counted when too many match to read them all.
CREATE INDEX search_documents_sample_16 ON search_documents USING gin (words) WITH (gin_pending_list_limit = 64) WHERE sample % 16 = 0;
CREATE INDEX search_documents_sample_64 ON search_documents USING gin (words) WITH (gin_pending_list_limit = 64) WHERE sample % 64 = 0;
CREATE INDEX search_documents_sample_256 ON search_documents USING gin (words) WITH (gin_pending_list_limit = 64) WHERE sample % 256 = 0;
CREATE INDEX search_documents_newest ON search_documents (product_id) WHERE is_listed;
CREATE INDEX search_documents_by_rating ON search_documents (rating, product_id) WHERE is_listed;
CREATE INDEX search_documents_by_price ON search_documents (currency, price_amount, product_id) WHERE is_listed;
CREATE INDEX search_documents_by_change ON search_documents (indexed_at);

-- Down Migration
DROP TABLE search_documents;
