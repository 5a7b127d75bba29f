"""`lockgate doctor`: whether all that a start needs is there, and how to mend what is not."""
