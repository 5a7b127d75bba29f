-- What programs asked for: each has a delivery of the same id, which says how far it is.
CREATE TABLE commands (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('request', 'approve', 'apply')),
    key_id text NOT NULL,
    person text NOT NULL,
    repo text NOT NULL,
    deployment_id text REFERENCES deployments (id),
    body jsonb NOT NULL,
    idempotency_key text,
    fingerprint text NOT NULL,
    answer text NOT NULL DEFAULT '',
    refused boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (key_id, idempotency_key)
);

-- Lists are read newest first, a page at a time.
CREATE INDEX deployments_newest ON deployments (created_at DESC, id DESC);
