"""Deposits at a Dataverse."""

from __future__ import annotations

import hashlib
import json

import pytest

from rpz.provenance.deposit.dataverse import Dataverse as Client
from rpz.provenance.deposit.depositing import Deposit
from rpz.provenance.deposit.errors import DepositError
from rpz.provenance.publication.storage import read_publication
from rpz.provenance.web.patience import Patience
from tests.conftest import rpz_in
from tests.provenance.deposit.servers import TOKEN, Dataverse, Fault, serving
from tests.provenance.others import ask

DOI = "10.5072/FK2/1"


@pytest.fixture
def server():
    with serving(Dataverse) as archive:
        yield archive


def deposited(pack, server):
    options = {"collection": "lab", "contact": "jane@example.org"}
    archive = Client(server.url, options, TOKEN, "")
    deposit = Deposit(pack, "dataverse", server.url, archive, Patience(4, 0.01))
    draft = deposit.reserved()
    deposit.complete(draft)
    return deposit, draft


def held(server):
    files = server.files[f"doi:{DOI}"]
    return {file["label"]: file["dataFile"]["checksum"]["value"] for file in files}


def fields(server):
    block = server.drafts[f"doi:{DOI}"]["metadataBlocks"]["citation"]
    return {field["typeName"]: field["value"] for field in block["fields"]}


def test_a_draft_has_the_pack_and_what_is_told(pack, server):
    _, draft = deposited(pack, server)
    assert (draft.doi, read_publication(pack).doi) == (DOI, DOI)
    assert held(server)["experiment.rpz"] == hashlib.sha1(pack.read_bytes()).hexdigest()
    assert ("POST", "/api/dataverses/lab/datasets") in server.asked
    assert fields(server)["title"] == "Figure 1 & more"
    assert fields(server)["author"][0]["authorName"]["value"] == "Doe, Jane"
    assert fields(server)["datasetContact"][0]["datasetContactEmail"]["value"].startswith("jane@")
    assert server.drafts[f"doi:{DOI}"]["license"]["name"] == "CC BY 4.0"
    assert server.published == []


def test_faults_are_outlasted(pack, server):
    server.faults += [
        Fault("POST", "/add$", cut_after=9),
        Fault("POST", "/add$", 500),
        Fault("POST", "/add$", forge=True),
    ]
    deposited(pack, server)
    assert held(server)["experiment.rpz"] == hashlib.sha1(pack.read_bytes()).hexdigest()


def test_it_is_published_if_that_is_asked_for(pack, server):
    deposit, draft = deposited(pack, server)
    deposit.publish(draft)
    assert server.published == [f"doi:{DOI}"]


def test_what_dataverse_can_not_do_without(pack):
    words = ("deposit", "dataverse", "--url", "http://127.0.0.1:1", "--dry-run")
    done = rpz_in(pack.parent)(*words, pack.name)
    assert done.returncode == 2
    assert b"needs --collection and --contact" in done.stderr
    done = rpz_in(pack.parent)(*words, "--collection=a", "--contact=b@c.de", pack.name)
    assert json.loads(done.stdout)["record"]["datasetVersion"]["license"]["name"] == "CC BY 4.0"


def test_a_draft_that_was_published_elsewhere_is_not_begun_anew(pack, server):
    deposit, draft = deposited(pack, server)
    deposit.archive.publish(draft)  # in a browser, or the line broke before the answer
    for _ in range(2):
        with pytest.raises(DepositError, match="published already"):
            deposited(pack, server)
    assert server.published == [f"doi:{DOI}"]
    assert len(server.drafts) == 1


def test_a_client_of_others_tells_and_deposits_the_same_at_this_server(pack, server):
    document = Client(server.url, {"contact": "a@b.cd"}, "", "").record(read_publication(pack))
    given = json.dumps(document).encode()
    found = json.loads(ask("dataverse.py", server.url, TOKEN, "lab", pack, given=given))
    digest = hashlib.sha1(pack.read_bytes()).hexdigest()
    assert [file["dataFile"]["checksum"]["value"] for file in found["files"]] == [digest]
    assert found["told"] == document["datasetVersion"]
    assert server.published == [found["doi"]]
