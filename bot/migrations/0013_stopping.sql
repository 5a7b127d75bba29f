-- A second request to stop ends a run at once; `stop_source` tells it from the first one repeated.
ALTER TABLE runs ADD COLUMN stop_source text NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN hurry boolean NOT NULL DEFAULT false;

-- How far an apply came with each resource, written while it goes on: it survives the process.
CREATE TABLE run_resources (
    place bigint GENERATED ALWAYS AS IDENTITY,
    run_id text NOT NULL REFERENCES runs (id),
    address text NOT NULL,
    action text NOT NULL,
    phase text NOT NULL CHECK (phase IN ('started', 'complete', 'errored')),
    seconds double precision NOT NULL,
    PRIMARY KEY (run_id, address, action)
);
