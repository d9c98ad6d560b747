"""Push a pack to a registry by the library oras, or pull one; in an environment of its own."""
