-- Results of CI arrive by commit: which pull requests were planned at it, or became it.
CREATE INDEX runs_by_commit ON runs (repo, head_sha);
CREATE INDEX deployment_events_merged ON deployment_events ((detail ->> 'sha'))
    WHERE milestone = 'merged';
