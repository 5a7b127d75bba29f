-- Deliveries: every webhook, stored once by GitHub's GUID before it is answered.
CREATE TABLE deliveries (
    id text PRIMARY KEY,
    event text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL DEFAULT 'received'
        CHECK (state IN ('received', 'running', 'failed', 'done', 'ignored', 'broken')),
    attempts integer NOT NULL DEFAULT 0,
    claim text,
    outcome text NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL DEFAULT now(),
    queued_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    finished_at timestamptz
);
CREATE INDEX deliveries_unfinished ON deliveries (state, due_at)
    WHERE state IN ('received', 'running', 'failed');

-- One unit of slow work, claimed by one worker; `shown` once its end is on GitHub.
CREATE TABLE runs (
    id text PRIMARY KEY,
    kind text NOT NULL,
    key text NOT NULL UNIQUE,
    repo text NOT NULL,
    number bigint NOT NULL,
    project text NOT NULL,
    head_sha text NOT NULL,
    base_sha text NOT NULL,
    actor text NOT NULL,
    detail jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted', 'superseded')),
    attempts integer NOT NULL DEFAULT 0,
    claim text,
    progress text NOT NULL DEFAULT '',
    stop text CHECK (stop IN ('cancelled', 'superseded')),
    stop_reason text NOT NULL DEFAULT '',
    outcome text NOT NULL DEFAULT '',
    findings jsonb NOT NULL DEFAULT '[]',
    shown boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    queued_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    leased_until timestamptz,
    finished_at timestamptz
);
CREATE INDEX runs_unfinished ON runs (state, due_at) WHERE state IN ('queued', 'running');
CREATE INDEX runs_unshown ON runs (finished_at) WHERE NOT shown;
CREATE INDEX runs_by_subject ON runs (repo, number, created_at);

-- A plan: the sealed file, and what was found out about it.
CREATE TABLE plans (
    id text PRIMARY KEY,
    repo text NOT NULL,
    number bigint NOT NULL,
    project text NOT NULL,
    head_sha text NOT NULL,
    plan_digest text NOT NULL,
    document jsonb NOT NULL,
    sealed bytea,
    state text NOT NULL DEFAULT 'current'
        CHECK (state IN ('current', 'superseded', 'applied', 'failed', 'closed')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX plans_one_current ON plans (repo, number, project) WHERE state = 'current';
CREATE INDEX plans_by_subject ON plans (repo, number, project, created_at);

CREATE TABLE approvals (
    plan_id text NOT NULL REFERENCES plans (id),
    approver text NOT NULL,
    source text NOT NULL,
    receipt text NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan_id, approver)
);

-- Who may plan and apply a project: one pull request holds, the others wait in line.
-- `used` turns true when the holder asks for the lock it was handed.
CREATE TABLE locks (
    repo text NOT NULL,
    directory text NOT NULL,
    workspace text NOT NULL,
    number bigint NOT NULL,
    project text NOT NULL,
    used boolean NOT NULL DEFAULT true,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repo, directory, workspace)
);
CREATE INDEX locks_by_holder ON locks (repo, number);

CREATE TABLE lock_waiters (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repo text NOT NULL,
    directory text NOT NULL,
    workspace text NOT NULL,
    number bigint NOT NULL,
    project text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    UNIQUE (repo, directory, workspace, number)
);

-- One infrastructure change from request to running; its issue and pull request are subjects.
CREATE TABLE deployments (
    id text PRIMARY KEY,
    repo text NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE deployment_subjects (
    repo text NOT NULL,
    number bigint NOT NULL,
    deployment_id text NOT NULL REFERENCES deployments (id),
    PRIMARY KEY (repo, number)
);

-- Its history: appended to, never changed; each row's hash covers the one before it.
CREATE TABLE deployment_events (
    deployment_id text NOT NULL REFERENCES deployments (id),
    seq integer NOT NULL,
    key text NOT NULL,
    number bigint NOT NULL,
    milestone text NOT NULL,
    actor text NOT NULL,
    detail jsonb NOT NULL,
    at timestamptz NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (deployment_id, seq),
    UNIQUE (deployment_id, key)
);

CREATE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a deployment is only ever appended to';
END
$$;
CREATE TRIGGER deployment_events_append_only BEFORE UPDATE OR DELETE ON deployment_events
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();

-- What the bot has already put on GitHub, so that it updates instead of repeating.
CREATE TABLE check_runs (
    repo text NOT NULL,
    sha text NOT NULL,
    name text NOT NULL,
    id bigint NOT NULL,
    PRIMARY KEY (repo, sha, name)
);

CREATE TABLE comments (
    repo text NOT NULL,
    number bigint NOT NULL,
    tag text NOT NULL,
    id bigint NOT NULL,
    PRIMARY KEY (repo, number, tag)
);
