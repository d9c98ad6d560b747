"""Print what roc-validator finds in crates, as JSON; without network. It is run in its environment.

The validator fetches what words in JSON-LD mean: it gets that of RO-Crate 1.1 from the package
``rocrate`` 0.9.0, and nothing else. What is wrong with a ``codemeta.json`` is found, too.
"""

import json
import sys
from importlib.metadata import distribution
from pathlib import Path

import requests
from rocrate_validator import services
from rocrate_validator.utils.http import HttpRequester
from words import unknown_words

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
SETTINGS = {
    "profile_identifier": "process-run-crate-0.5",
    "requirement_severity": "RECOMMENDED",
    "skip_availability_check": True,
}


def shelf(_requester, url, **_options):
    response = requests.Response()
    response.status_code = 200 if url == CONTEXT else 404
    response.headers["Content-Type"] = "application/ld+json"
    context = distribution("rocrate").locate_file("rocrate/data/ro-crate.jsonld")
    response._content = context.read_bytes() if url == CONTEXT else b""
    return response


def main(crates):
    HttpRequester.get = shelf
    found = {}
    for crate in crates:
        result = services.validate({**SETTINGS, "rocrate_uri": crate})
        found[crate] = [
            [issue.severity.name, issue.message, str(issue.violatingEntity)]
            for issue in result.get_issues()
        ]
        if (codemeta := Path(crate, "codemeta.json")).is_file():
            words = unknown_words(codemeta)
            found[crate] += [["CODEMETA", "is no word of its context", word] for word in words]
    json.dump(found, sys.stdout)


main(sys.argv[1:])
