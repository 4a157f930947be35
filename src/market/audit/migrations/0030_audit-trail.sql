-- Up Migration
-- What administrators and operators did: one chain of rows, each naming the hash of the row before
-- (src/persistence/hash-chain.ts). Written by src/market/audit/store.ts only.
CREATE TABLE audit_actions (
  seq integer PRIMARY KEY CHECK (seq > 0),
  audit_id text COLLATE "C" NOT NULL,
  -- When it was recorded, to the millisecond. Never earlier than the row before, so `from` is a place in the chain.
  at timestamptz NOT NULL,
  -- Null: the server itself.
  actor_id text COLLATE "C",
  actor_role text NOT NULL,
  action text COLLATE "C" NOT NULL,
  target text COLLATE "C" NOT NULL,
  reason text,
  details jsonb,
  hash text NOT NULL,
  previous_hash text
);
CREATE INDEX audit_actions_by_time ON audit_actions (at, seq);
CREATE INDEX audit_actions_by_actor ON audit_actions (actor_id, seq);
CREATE INDEX audit_actions_by_action ON audit_actions (action, seq);
CREATE INDEX audit_actions_by_target ON audit_actions (target, seq);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_actions_stay BEFORE UPDATE OR DELETE ON audit_actions
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_actions_are_not_emptied BEFORE TRUNCATE ON audit_actions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- Down Migration
DROP TABLE audit_actions;
DROP FUNCTION refuse_audit_change;
