-- A maintainer's word that one thing the static gate refuses in one commit may be planned.
CREATE TABLE allowances (
    repo text NOT NULL,
    number bigint NOT NULL,
    project text NOT NULL,
    head_sha text NOT NULL,
    subject text NOT NULL,
    login text NOT NULL,
    source text NOT NULL,
    allowed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (repo, number, head_sha, project, subject)
);
