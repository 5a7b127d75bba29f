"""One file per capability: an event or a run comes in, actions (values) go out."""
