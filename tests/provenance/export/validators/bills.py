"""Check bills: one of CycloneDX 1.6, one of SPDX 2.3, and so on; the status is how many are wrong.

It is run in an environment of its own.
"""

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def errors_in(cyclonedx, spdx):
    error = CYCLONEDX.validate_str(Path(cyclonedx).read_text())
    yield [error] if error else []
    try:
        yield validate_full_spdx_document(parse_file(spdx))
    except SPDXParsingError as error:
        yield [error]


CYCLONEDX = JsonStrictValidator(SchemaVersion.V1_6)
found = [
    errors
    for pair in zip(sys.argv[1::2], sys.argv[2::2], strict=True)
    for errors in errors_in(*pair)
]
sys.stderr.writelines(f"{error}\n" for error in found)
sys.exit(sum(map(bool, found)))
