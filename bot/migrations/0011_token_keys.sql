-- Keys that sign the tokens of runs: the private half sealed, the public half as a JWK.
CREATE TABLE token_keys (
    id text PRIMARY KEY,
    sealed bytea NOT NULL,
    public jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
