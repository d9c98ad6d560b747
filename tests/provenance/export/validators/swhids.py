"""Print the SWHID of each file or folder, as Software Heritage's own library has it.

It is run in an environment of its own.
"""

import os
import sys
from pathlib import Path

from swh.model.from_disk import Content, Directory


def swhid(path):
    name = os.fsencode(path)
    if path.is_dir():
        return Directory.from_disk(path=name, max_content_length=None).swhid()
    return Content.from_file(path=name, max_content_length=None).swhid()


sys.stdout.writelines(f"{swhid(Path(path))}\n" for path in sys.argv[1:])
