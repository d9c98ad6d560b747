"""Deposits at an archive that runs InvenioRDM, and all that can go wrong there."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from rpz.errors import RpzError
from rpz.provenance.deposit.depositing import Deposit
from rpz.provenance.deposit.errors import DepositError
from rpz.provenance.deposit.invenio import Invenio as Client
from rpz.provenance.deposit.note import place_of, read_note
from rpz.provenance.publication.model import Publication
from rpz.provenance.publication.storage import read_publication, write_publication
from rpz.provenance.web.client import Client as Web
from rpz.provenance.web.errors import RefusedError, TransientError
from rpz.provenance.web.patience import Patience
from tests.conftest import SOURCE, rpz_in
from tests.provenance.deposit.packs import md5
from tests.provenance.deposit.servers import TOKEN, Fault, Invenio, serving
from tests.provenance.others import ask

DRAFT = "/api/records/abcd-1/draft"
CONTENT = r"files/experiment\.rpz/content$"
BUSY = Fault("POST", "^/api/records$", 429, {"Retry-After": "1"}, {"message": "Slow down"})


@pytest.fixture
def server():
    with serving(Invenio) as archive:
        yield archive


def deposit_of(pack, server, tries=4, token=TOKEN):
    archive = Client(server.url, {}, token, "deposit:write")
    return Deposit(pack, "invenio", server.url, archive, Patience(tries, 0.01))


def deposited(pack, server, **options):
    deposit = deposit_of(pack, server, **options)
    draft = deposit.reserved()
    deposit.complete(draft)
    return deposit, draft


def held(server):
    files = server.files["abcd-1"]
    assert {file["status"] for file in files.values()} == {"completed"}
    return {name: file["checksum"].removeprefix("md5:") for name, file in files.items()}


BESIDE = [
    "CITATION.cff", "README.md", "bom.cdx.json", "bom.spdx.json", "codemeta.json", "prov.json",
    "ro-crate-metadata.json", "ro-crate-preview.html",
]  # fmt: skip
"""What makes a crate of a deposit."""


def count(server, method, path):
    return server.asked.count((method, path))


def test_a_draft_has_the_pack_with_its_own_doi_in_it(pack, server):
    _, draft = deposited(pack, server)
    assert draft.doi == "10.5072/abcd-1"
    assert read_publication(pack).doi == draft.doi
    assert held(server)["experiment.rpz"] == md5(pack)
    assert set(held(server)) == {"experiment.rpz", *BESIDE}
    for name in ("README.md", "CITATION.cff", "ro-crate-metadata.json", "codemeta.json"):
        assert draft.doi.encode() in server.contents[name]
    assert server.published == []
    assert server.drafts["abcd-1"]["pids"]["doi"]["identifier"] == draft.doi


def test_what_is_told_of_it(pack, server):
    deposited(pack, server)
    told = server.drafts["abcd-1"]["metadata"]
    assert told["title"] == "Figure 1 & more"
    assert told["description"] == "<p>One run.</p><p>Its &lt;pack&gt;.</p>"
    assert told["rights"] == [{"id": "cc-by-4.0"}]
    jane, group = told["creators"]
    assert jane["person_or_org"]["identifiers"][0]["identifier"] == "0000-0002-1825-0097"
    assert jane["affiliations"] == [{"name": "CNRS"}]
    assert group["person_or_org"] == {"type": "organizational", "name": "The Group"}
    assert told["related_identifiers"][0]["relation_type"] == {"id": "issupplementto"}


def test_an_upload_that_is_cut_twice_completes(pack, server):
    size = pack.stat().st_size
    server.faults += [
        Fault("PUT", CONTENT, cut_after=size // 2),
        Fault("PUT", CONTENT, cut_after=9),
    ]
    shown = []
    deposit = deposit_of(pack, server)
    deposit.complete(deposit.reserved(), lambda total: shown.append(-total) or shown.append)
    assert held(server)["experiment.rpz"] == md5(pack)
    assert count(server, "PUT", f"{DRAFT}/files/experiment.rpz/content") == 3
    assert sum(shown) == 0  # what went, less what had to go again, is all there is


def test_a_second_call_goes_on_where_the_first_has_ended(pack, server):
    server.faults += [Fault("PUT", CONTENT, cut_after=9)]
    with pytest.raises(TransientError, match="give the same command again"):
        deposited(pack, server, tries=1)
    noted = read_note(pack)
    assert noted.doi == "10.5072/abcd-1"
    deposited(pack, server)
    assert held(server)["experiment.rpz"] == md5(pack)
    assert len(server.drafts) == 1
    before = server.received
    deposited(pack, server)
    assert server.received - before < 4096  # what the archive has already isn't sent again
    assert TOKEN not in place_of(pack).read_text()


def test_a_server_that_is_busy_is_asked_again_when_it_says(pack, server):
    server.faults += [BUSY, Fault("POST", r"/commit$", 500)]
    deposited(pack, server)
    assert server.times[1] - server.times[0] >= 1
    assert len(server.drafts) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_work_later_is_tried_again_after_pauses_that_double(status, monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    with serving(Invenio) as archive:
        archive.faults += [Fault("GET", "/", status) for _ in range(3)]
        client = Web(archive.url, {"Authorization": f"Bearer {TOKEN}"})
        answer = Patience(4, 0.5).until_done(
            lambda: client.page("GET", "/api/records/none/draft", allowed=(404,))
        )
    assert (pauses, len(archive.asked)) == ([0.5, 1.0, 2.0], 4)
    assert "message" in answer


def test_an_archive_may_say_by_a_date_when_to_come_again(server, monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    later = datetime.now(timezone.utc) + timedelta(seconds=100)
    for moment in (later, later - timedelta(days=1)):
        headers = {"Retry-After": format_datetime(moment, usegmt=True)}
        server.faults.append(Fault("GET", "/", 429, headers))
    client = Web(server.url, {"Authorization": f"Bearer {TOKEN}"})
    Patience(4, 0.5).until_done(
        lambda: client.page("GET", "/api/records/none/draft", allowed=(404,))
    )
    assert 90 < pauses[0] <= 100
    assert pauses[1:] == [0]


def test_a_server_that_wants_us_to_wait_too_long_is_left(pack, server):
    server.faults += [Fault("GET", "draft$", 503, {"Retry-After": "86400"})]
    with pytest.raises(TransientError, match="answers 503"):
        deposited(pack, server)


def test_a_draft_that_may_have_been_made_is_not_made_twice(pack, server):
    server.faults += [Fault("POST", "^/api/records$", cut_after=1)]
    with pytest.raises(TransientError, match="There may be an empty draft now"):
        deposited(pack, server)
    assert count(server, "POST", "/api/records") == 1


def test_wrong_bytes_are_sent_again_and_never_taken(pack, server):
    server.faults += [Fault("PUT", CONTENT, forge=True)]
    deposited(pack, server)
    assert held(server)["experiment.rpz"] == md5(pack)
    write_publication(pack, Publication(**{**vars(read_publication(pack)), "version": "2"}))
    server.faults += [Fault("PUT", CONTENT, forge=True) for _ in range(4)]
    with pytest.raises(TransientError, match="another checksum"):
        deposited(pack, server)
    assert "experiment.rpz" not in server.files["abcd-1"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("POST", "^/api/records$", 401), "doesn't know the token, or it has expired"),
        (Fault("POST", "^/api/records$", 403), "isn't allowed.*deposit:write"),
        (
            Fault(
                "POST",
                "^/api/records$",
                400,
                page={"message": "Wrong", "errors": [{"field": "a.b", "messages": ["Missing"]}]},
            ),
            "Wrong; a.b: Missing",
        ),
        (Fault("GET", "draft$", 302, {"Location": "https://evil.example/"}), "elsewhere.*evil"),
    ],
)
def test_a_refusal_is_told_and_not_tried_again(pack, server, fault, words):
    server.faults.append(fault)
    with pytest.raises(RefusedError, match=words) as error:
        deposited(pack, server)
    assert TOKEN not in str(error.value)
    assert count(server, fault.method, server.asked[-1][1]) == 1


def test_a_token_that_the_server_repeats_is_not_told(pack, server):
    server.faults.append(Fault("POST", "^/api/records$", 403, page={"message": f"{TOKEN}: no"}))
    done = run(pack, "invenio", "-v", "--url", server.url, pack.name)
    assert (done.returncode, b"at 127.0.0.1" in done.stderr) == (1, True)
    assert b"***: no" in done.stderr
    assert TOKEN.encode() not in done.stdout + done.stderr


def test_a_token_that_expires_meanwhile_is_replaced_and_all_goes_on(pack, server):
    server.faults += [Fault("PUT", CONTENT, 401)]
    with pytest.raises(RefusedError):
        deposited(pack, server)
    deposited(pack, server)
    assert held(server)["experiment.rpz"] == md5(pack)


def test_a_draft_that_is_gone_is_told(pack, server):
    deposited(pack, server)
    server.drafts.clear()
    with pytest.raises(DepositError, match="rpz meta --clear doi"):
        deposited(pack, server)


def test_a_published_pack_is_not_published_again(pack, server):
    deposit, draft = deposited(pack, server)
    deposit.publish(draft)
    assert server.published == ["abcd-1"]
    with pytest.raises(DepositError, match="published already"):
        deposited(pack, server)


def test_a_pack_with_another_doi_is_left_alone(pack, server):
    write_publication(pack, Publication(**{**vars(read_publication(pack)), "doi": "10.1000/7"}))
    with pytest.raises(DepositError, match=r"10\.1000/7 already"):
        deposited(pack, server)
    assert server.asked == []


def test_a_pack_that_says_too_little_is_left_alone(pack, server):
    write_publication(pack, Publication(title="x"))
    with pytest.raises(DepositError, match=r"authors, description, licence.*rpz meta"):
        deposited(pack, server)
    assert server.asked == []


def test_a_signature_that_the_doi_has_made_wrong_is_not_uploaded(pack, server):
    signature = pack.with_name("experiment.rpz.sig")
    signature.write_text("of the pack before")
    for _ in range(2):
        with pytest.raises(DepositError, match="Sign it again"):
            deposited(pack, server)
    assert server.files["abcd-1"] == {}
    signature.write_text("of the pack now")
    deposited(pack, server)
    assert held(server)["experiment.rpz.sig"] == md5(signature)


def test_what_the_archive_does_not_like_of_a_draft_is_told(pack, server, caplog):
    page = {"id": "abcd-1", "errors": [{"field": "metadata.rights", "messages": ["Unknown"]}]}
    server.faults += [Fault("PUT", "draft$", 200, page=page)]
    with caplog.at_level(logging.WARNING):
        deposited(pack, server)
    assert "metadata.rights: Unknown" in caplog.text


def test_nobody_is_there(pack, server):
    url = server.url
    server.shutdown()
    server.server_close()
    archive = Client(url, {}, TOKEN, "")
    deposit = Deposit(pack, "invenio", url, archive, Patience(2, 0.01))
    with pytest.raises(TransientError, match=r"can't be reached\. What has arrived stays"):
        deposit.reserved()
    assert not place_of(pack).exists()


def run(pack, *arguments, token=TOKEN):
    variables = {"INVENIO_TOKEN": token, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    return rpz_in(pack.parent)("deposit", *arguments, env=variables)


def test_the_command(pack, server):
    done = run(pack, "invenio", "-v", "--url", server.url, "--publish", pack.name)
    assert (done.returncode, done.stdout) == (0, b"10.5072/abcd-1\n"), done.stderr
    assert b"https://doi.org/10.5072/abcd-1" in done.stderr
    assert TOKEN.encode() not in done.stderr
    assert server.published == ["abcd-1"]
    checked = subprocess.run(["sha256sum", pack], check=True, capture_output=True)
    assert checked.stdout.split()[0].decode() in str(rpz_in(pack.parent)("cite", pack).stdout)


def test_a_dry_run_asks_nobody_and_changes_nothing(pack, server):
    before = pack.read_bytes()
    done = run(pack, "invenio", "--url", server.url, "--dry-run", pack.name, token="")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert [file["name"] for file in plan["files"]] == ["experiment.rpz", *BESIDE]
    assert plan["record"]["metadata"]["title"] == "Figure 1 & more"
    assert (server.asked, pack.read_bytes()) == ([], before)
    assert not place_of(pack).exists()


def test_a_client_of_others_deposits_our_crate_at_this_server(pack, server):
    done = rpz_in(pack.parent)("export", pack, "--ro-crate", "crate")
    assert done.returncode == 0, done.stderr
    variables = {"INVENIORDM_API_KEY": TOKEN, "INVENIORDM_BASE_URL": server.url}
    ask("rocrate_inveniordm", pack.parent / "crate", "--publish", variables=variables)
    assert held(server) == {path.name: md5(path) for path in (pack.parent / "crate").iterdir()}
    told = server.drafts["abcd-1"]["metadata"]
    assert told["title"] == "Figure 1 & more"
    assert told["creators"][0]["person_or_org"]["identifiers"] == [
        {"scheme": "orcid", "identifier": "0000-0002-1825-0097"}
    ]
    assert server.published == ["abcd-1"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://zenodo.org", b"Use https://zenodo.org"),
        ("https://jane:word@zenodo.org", b"has a name or password"),
        ("zenodo.org", b"is not the address of a server"),
        ("http://127.0.0.1:1", b"There is no token for 127.0.0.1:1. Make one at http://127.0.0.1"),
    ],
)
def test_where_no_token_goes(pack, url, words):
    done = run(pack, "invenio", "--url", url, pack.name, token="")
    assert done.returncode == 1
    assert words in done.stderr


def test_ctrl_c_in_an_upload_leaves_what_the_next_call_goes_on_with(pack, server):
    server.faults.append(Fault("PUT", CONTENT, hang=True, cut_after=0))
    env = {**os.environ, "INVENIO_TOKEN": TOKEN, "PYTHONPATH": str(SOURCE)}
    argv = [sys.executable, "-m", "rpz", "deposit", "invenio", "--url", server.url, pack]
    with subprocess.Popen(argv, env=env, stderr=subprocess.PIPE) as upload:
        assert server.hanging.wait(60)
        upload.send_signal(signal.SIGINT)
        _, words = upload.communicate(timeout=60)
    assert (upload.returncode, words.splitlines()[-1]) == (130, b"rpz: Interrupted.")
    assert b"Traceback" not in words
    server.go_on.set()
    done = run(pack, "invenio", "--url", server.url, pack.name)
    assert done.returncode == 0, done.stderr
    assert held(server)["experiment.rpz"] == md5(pack)
    assert len(server.drafts) == 1


def test_where_nothing_can_be_noted_no_draft_is_made(pack, server):
    pack.parent.chmod(0o555)
    bound = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    env = {**os.environ, "INVENIO_TOKEN": TOKEN, "PYTHONPATH": str(SOURCE)}
    argv = [*bound, sys.executable, "-m", "rpz", "deposit", "invenio", "--url", server.url, pack]
    done = subprocess.run(argv, env=env, capture_output=True, check=False)
    pack.parent.chmod(0o755)
    assert (done.returncode, b"Permission denied. Choose another place" in done.stderr) == (1, True)
    assert server.asked == []


def test_a_name_that_no_server_takes(pack, server):
    odd = pack.rename(pack.with_name("a\udcff.rpz"))
    with pytest.raises(RpzError, match="that no server takes"):
        deposited(odd, server)
    assert server.asked == []


def test_a_draft_that_was_published_elsewhere_is_not_begun_anew(pack, server):
    deposit, draft = deposited(pack, server)
    deposit.archive.publish(draft)  # in a browser, or the line broke before the answer
    for _ in range(2):
        with pytest.raises(DepositError, match="published already"):
            deposited(pack, server)
    assert server.published == ["abcd-1"]
    assert len(server.drafts) == 1
