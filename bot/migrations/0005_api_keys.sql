-- Keys for programs: of a secret only the SHA-256 is kept. One key of a name is current; those it
-- replaced live until they expire.
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    name text NOT NULL,
    current boolean NOT NULL DEFAULT true,
    hash bytea NOT NULL,
    person text NOT NULL,
    scopes text[] NOT NULL,
    repositories text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz
);
CREATE UNIQUE INDEX api_keys_one_current ON api_keys (name) WHERE current;

-- How often a key or an address called in its current window; nothing is lost with a crash.
CREATE UNLOGGED TABLE rate_windows (
    key text PRIMARY KEY,
    count bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX rate_windows_by_end ON rate_windows (expires_at);
