-- Up Migration
-- false: some products of the seller are yet to be hidden, or shown, as its status says. A seller may have very many.
ALTER TABLE sellers ADD COLUMN is_followed boolean NOT NULL DEFAULT true;
CREATE INDEX sellers_to_follow ON sellers (account_id) WHERE NOT is_followed;

-- Down Migration
DROP INDEX sellers_to_follow;
ALTER TABLE sellers DROP COLUMN is_followed;
