"""Deposit files by pyDataverse, publish them, and print what it finds; in its own environment.

Its schema of data sets is that of Dataverse 4, which had licences by name.
"""

import contextlib
import json
import sys

from pyDataverse.api import NativeApi
from pyDataverse.models import Dataset


def deposited(api, collection, document, files):
    licence = document["datasetVersion"].pop("license")
    Dataset().from_json(json.dumps(document), validate=True)
    document["datasetVersion"]["license"] = licence
    doi = said(api.create_dataset(collection, json.dumps(document)))["persistentId"]
    for path in files:
        said(api.upload_datafile(doi, path, json.dumps({"description": "by pyDataverse"})))
    found = {
        "doi": doi,
        "files": said(api.get_datafiles_metadata(doi, ":draft")),
        "told": said(api.get_dataset_version(doi, ":draft")),
    }
    said(api.publish_dataset(doi, "major"))
    return found


def said(answer):
    answer.raise_for_status()
    return answer.json()["data"]


url, token, collection, *files = sys.argv[1:]
with contextlib.redirect_stdout(sys.stderr):  # it prints what it does
    found = deposited(NativeApi(url, token), collection, json.load(sys.stdin), files)
json.dump(found, sys.stdout)
