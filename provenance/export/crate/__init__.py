"""The parts of a Process Run Crate (https://w3id.org/ro/wfrun/process/0.5)."""
