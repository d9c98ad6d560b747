"""What is taken for a secret, and what is not."""

from __future__ import annotations

import pytest

from rpz.packer.secrets.find import entry_spans, word_spans

GITHUB = b"ghp_0123456789abcdefABCDEF0123456789abcd"


def of_entry(entry):
    return [(s.name, entry[s.start : s.end]) for s in entry_spans(entry)]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (b"TOKEN=a value", [("TOKEN", b"a value")]),
        (b"PASSWORD=1234", [("PASSWORD", b"1234")]),
        (b"MINE=" + GITHUB, [("MINE", GITHUB)]),
        (b"DB=postgres://me:hunter22@host/x", [("DB", b"hunter22")]),
        (b"URL=https://host/x?token=abcdefg&y=1", [("URL", b"abcdefg")]),
        (b'CONFIG={"password": "hunter22"}', [("CONFIG", b"hunter22")]),
        (b"KEY=-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n", 1),
        (b"A=AKIAABCDEFGHIJKLMNOP", [("A", b"AKIAABCDEFGHIJKLMNOP")]),
        (b"A=xoxb-1234567890-abc", [("A", b"xoxb-1234567890-abc")]),
        (b"A=hf_abcdefghijABCDEFGHIJ", [("A", b"hf_abcdefghijABCDEFGHIJ")]),
        (b"A=glpat-abcdefghijABCDEFGHIJ", [("A", b"glpat-abcdefghijABCDEFGHIJ")]),
        (b"A=sk-proj-abcDEF1234567890abcd", [("A", b"sk-proj-abcDEF1234567890abcd")]),
        (b"A=pypi-AgEIcHlwaS5vcmcCJDAwMDAw", [("A", b"pypi-AgEIcHlwaS5vcmcCJDAwMDAw")]),
        (b"A=npm_" + b"a1" * 18, [("A", b"npm_" + b"a1" * 18)]),
        (b"A=eyJhbGciOiJI.eyJzdWIiOiIx.abc", [("A", b"eyJhbGciOiJI.eyJzdWIiOiIx.abc")]),
        (b"OPENAI_KEY=abcd1234efgh5678", [("OPENAI_KEY", b"abcd1234efgh5678")]),
        (b"WANDB_KEY=" + b"0a" * 20, [("WANDB_KEY", b"0a" * 20)]),
        (b"SLURM_JWT=hunter22", [("SLURM_JWT", b"hunter22")]),
        (b"PASS=hunter22", [("PASS", b"hunter22")]),
        (b"SMTP_PASS=hunter", [("SMTP_PASS", b"hunter")]),
        (b"KEY=chr1_2345", []),
        (b"KEY=/nowhere/a1b2c3d4e5f6a7b8", []),
        (b"SSH_KEY=id_ed25519", []),
        (b"TOKEN_CLASSIFICATION_MODEL=ner-large-v2", []),
        (b"PASS_NUM=3", []),
        (b"RUN_PASS=2", []),
        (b"PAT=*.csv", []),
        (b"PATIENT_PAT=*_1a2b3c4d.csv", []),
        (b"FILE_PAT=*.csv", []),
        (b"SECRET_SANTA=anna", []),
        (b"COOKIE_CUTTER=x", []),
        (b"AUTH_TOKEN=true", []),
        (b"TOKENS=4096", []),
        (b"TOKEN=", []),
        (b"TOKEN", []),
        (b"API_KEY=/etc/hostname", []),
        (b"API_KEY=/etc/not there yet", []),
        (b"GOOGLE_APPLICATION_CREDENTIALS=key.json", []),
        (b"A=task-disk-a0B0-aaaaaaaaaaaaaaaaaaaaa", []),
        (b"A=https://host:8080/path@x", []),
        (b"PATH=/usr/bin:/bin", []),
    ],
)
def test_entries_of_an_environment(entry, found):
    if found == 1:
        assert len(of_entry(entry)) == 1
    else:
        assert of_entry(entry) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([b"--password=hunter2"], [("--password", b"hunter2")]),
        ([b"--password=two words"], [("--password", b"two words")]),
        ([b"--token", b"abc"], [("--token", b"abc")]),
        ([b"--token", b"--verbose"], []),
        ([b"/usr/bin/curl", b"-u", b"me:hunter2"], [("-u", b"hunter2")]),
        ([b"curl", b"-u", b"me"], []),
        ([b"docker", b"-u", b"1000:1000"], []),
        ([b"sshpass", b"-p", b"hunter2", b"ssh"], [("-p", b"hunter2")]),
        ([b"sort", b"--key", b"2,2n"], []),
        ([b"sort", b"--key=2,2n"], []),
        ([b"prog", b"--key", b"0123456789abcdef"], [("--key", b"0123456789abcdef")]),
        ([b"-c", b"sorted(x, key='gene2symbol'); y = d[key] == 'a'"], []),
        ([b"ffmpeg", b"-pass", b"2"], []),
        ([b"--token", b"true"], []),
        ([b"--max-tokens", b"300000"], []),
        ([b"--password-file", b"x"], []),
        ([b"API_KEY=a b", b"prog"], [("API_KEY", b"a b")]),
        ([b"-c", b"API_KEY=abc prog --x"], [("API_KEY", b"abc")]),
        ([b"-c", b"API_KEY='a b' prog"], [("API_KEY", b"a b")]),
        ([b"-c", b"prog --token abc --x"], [("--token", b"abc")]),
        ([b"-c", b"prog --token $TOKEN; X=$TOKEN TOKEN=$X"], []),
        ([b"-c", b"token = get_token(); token=read()"], []),
        ([b"-c", b"password = 'hunter2'"], [("password", b"hunter2")]),
        ([b"-H", b"Authorization: Bearer abcdefghij0123456789"], "authorization"),
        ([b"clone", b"https://me:" + GITHUB + b"@github.com/x"], [("github-token", GITHUB)]),
        ([b"clone", b"https://me:hunter2@host/x"], [("url-password", b"hunter2")]),
        ([b"-c", b"for i in 1 2; do echo $i; done"], []),
    ],
)
def test_words_of_a_command(words, found):
    pairs = zip(words, word_spans([*words]), strict=True)
    spans = [(s.name, word[s.start : s.end]) for word, spans in pairs for s in spans]
    if isinstance(found, str):
        assert [name for name, _ in spans] == [found]
    else:
        assert spans == found
