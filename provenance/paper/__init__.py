"""From a paper back to the runs that made its figures and numbers (``docs/paper.md``)."""
