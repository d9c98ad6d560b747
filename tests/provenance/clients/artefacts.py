"""Push a file by the library oras, or pull one; in its own environment.

It prints the peak of its memory, in KiB.
"""

import resource
import sys

from oras.provider import Registry

verb, where, file = sys.argv[1:]
registry = Registry(insecure=True)
if verb == "push":
    registry.push(where, files=[file], disable_path_validation=True)
else:
    registry.pull(where, outdir=file)
sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
