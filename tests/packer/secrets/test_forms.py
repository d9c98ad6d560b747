"""What is taken for a secret, and what is not."""

from __future__ import annotations

import pytest

from rpz.packer.secrets.find import entry_spans, word_spans

AZURE = b"Zm9vYmFyL2Jhei9xdXV4+1234567890abcdefABCDEF/ghijklmnopqrstuvw=="
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
        (
            b"A=DefaultEndpointsProtocol=https;AccountName=me;AccountKey=" + AZURE + b";B=c",
            [("A", AZURE)],
        ),
        (b"A=hvs.CAESIJ0123456789abcdefghij", [("A", b"hvs.CAESIJ0123456789abcdefghij")]),
        (b"A=https://hooks.slack.com/services/T01/B02/x9Yz", [("A", b"T01/B02/x9Yz")]),
        (b"SENTRY_DSN=https://" + b"0a" * 16 + b"@o1.example/2", [("SENTRY_DSN", b"0a" * 16)]),
        (b"SENTRY_DSN=https://abcd1234@o1.sentry.io/2", [("SENTRY_DSN", b"abcd1234")]),
        (b"A=123456:AA" + b"b1" * 16, [("A", b"123456:AA" + b"b1" * 16)]),
        (b"A=https://api.example/bot123456:AA" + b"b1" * 16 + b"/x", 1),
        (b"A=git@github.com:me/x https://me@host/x ssh://git@host/a", []),
        (b"A=https://hooks.slack.com/", []),
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
        ([b"curl", b"-ume:hunter2"], [("-u", b"hunter2")]),
        ([b"curl", b"-sSu", b"me:hunter2"], [("-u", b"hunter2")]),
        ([b"curl", b"--user=me:hunter2"], [("--user", b"hunter2")]),
        ([b"curl", b"--user", b"me:hunter2"], [("--user", b"hunter2")]),
        ([b"curl", b"-b", b"session=abc"], [("-b", b"abc")]),
        ([b"curl", b"-b", b"cookies.txt"], []),
        ([b"curl", b"-U:"], []),
        ([b"mysql", b"-phunter2", b"-p", b"base", b"-P", b"3306"], [("-p", b"hunter2")]),
        ([b"mysql", b"--port=3306", b"-p"], []),
        ([b"/usr/bin/mariadb-dump", b"-phunter2"], [("-p", b"hunter2")]),
        ([b"sshpass", b"-phunter2", b"ssh", b"-p", b"2222", b"-pq"], [("-p", b"hunter2")]),
        ([b"sshpass", b"-v", b"-p", b"a b", b"ssh", b"-p", b"2222"], [("-p", b"a b")]),
        ([b"sshpass", b"-e", b"ssh", b"-p", b"2222"], []),
        ([b"ssh", b"-p", b"2222"], []),
        ([b"python", b"-phunter2"], []),
        ([b"curl", b"-H", b"X-Api-Key: abc"], [("X-Api-Key", b"abc")]),
        ([b"curl", b"-sH", b"PRIVATE-TOKEN: abc d"], [("PRIVATE-TOKEN", b"abc d")]),
        ([b"curl", b"-HX-Api-Key:abc"], [("X-Api-Key", b"abc")]),
        ([b"wget", b"--header=X-Api-Key: abc"], [("X-Api-Key", b"abc")]),
        ([b"curl", b"--header", b"Cookie: a=b; c=d"], [("Cookie", b"a=b; c=d")]),
        ([b"curl", b"-H", b"Authorization: Bearer abc"], [("Authorization", b"abc")]),
        ([b"curl", b"-H", b"Authorization: abc"], [("Authorization", b"abc")]),
        ([b"http", b"host", b"X-Api-Key:abc"], [("X-Api-Key", b"abc")]),
        ([b"curl", b"-H", b"Accept: text/csv", b"-H", b"Token-Type: abc"], []),
        ([b"curl", b"-H", b"@headers", b"-H", b"Authorization:"], []),
        ([b"grep", b"token: abc", b"key:value1"], []),
        ([b"-c", b"curl -sH 'X-Api-Key: a b' host"], [("X-Api-Key", b"a b")]),
        ([b"-c", b'curl -H "Authorization: Bearer abc" x'], [("Authorization", b"abc")]),
        ([b"-c", b'curl -H "Authorization: Bearer $TOKEN" -H "X-Api-Key: $K"'], []),
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


@pytest.mark.parametrize(
    "piece", [b"a", b"-aH", b"-a.", b"-eyJaaaaaaaa", b"-", b"1", b'-H"a:', b"a=", b"sentry", b"a-1"]
)
def test_long_words_take_no_time_that_grows_faster_than_they(piece):
    """Where it does, this takes hours: data in an argument, say."""
    long = piece * (200_000 // len(piece))
    assert of_entry(b"DATA=" + long) == []
    assert of_entry(b"DATA=https://abcdefgh@" + long) == []
