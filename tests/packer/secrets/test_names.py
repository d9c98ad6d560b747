"""Which names are of secrets."""

from __future__ import annotations

import pytest

from rpz.packer.secrets.names import Naming, naming


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "HF_TOKEN",
        "PGPASSWORD",
        "MYSQL_PWD",
        "SSHPASS",
        "DB_PASSWD",
        "AWS_SECRET_ACCESS_KEY",
        "apiKey",
        "AWS_ACCESS_KEY_ID",
        "OPENAI_API_KEY",
        "--db-password",
        "authToken",
        "client_secret",
        "GITHUB_PAT",
        "SMTP_PASS",
        "HTTP_AUTHORIZATION",
        "REDISCLI_AUTH",
        "TWINE_PASSWORD",
        "SSH_PRIVATE_KEY",
        "AZURE_CREDENTIALS",
        "SLURM_JWT",
        "STORAGE_ACCOUNT_KEY",
        "VAULT_SECRET_ID",
        "GITHUB_TOKEN_2",
    ],
)
def test_names_of_secrets(name):
    assert naming(name.encode()) is Naming.SECRET


@pytest.mark.parametrize(
    "name",
    [
        "SSH_AUTH_SOCK",
        "XAUTHORITY",
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_DATE",
        "KEYBOARD",
        "PWD",
        "OLDPWD",
        "PATH",
        "TOKENIZERS_PARALLELISM",
        "MAX_TOKENS",
        "AUTHOR",
        "--tokenizer",
        "--author",
        "COMPASS",
        "--no-password",
        "GIT_ASKPASS",
        "TOKEN_FILE",
        "PASSWORD_STORE_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
        "--password-stdin",
        "AUTH_METHOD",
        "MONKEY",
        "SECRETARY",
        "BYPASS",
        "PATTERN",
        "XDG_SESSION_ID",
        "TOKEN_CLASSIFICATION_MODEL",
        "PASS_NUM",
        "COOKIE_CUTTER",
        "SORT_KEY",
        "--public-key",
        "GPG_KEY",
        "PRIMARY_KEY",
        "HOTKEY",
        "LESSKEY",
        "LS_COLORS",
        "PYTHONHASHSEED",
        "R_HOME",
        "CONDA_PREFIX",
        "CONDA_PROMPT_MODIFIER",
        "SLURM_JOB_ID",
        "MODULEPATH",
        "KEY_COUNT",
        "PASS_THROUGH",
        "PAD_TOKEN",
        "TOKEN_ID",
    ],
)
def test_names_that_are_no_secrets(name):
    assert naming(name.encode()) is Naming.NOTHING


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_KEY", "WANDB_KEY", "KEY", "AZURE_STORAGE_KEY", "--key", "PASS", "RUN_PASS", "PAT",
        "PATIENT_PAT", "COOKIE", "SESSION_COOKIE", "SECRET_SANTA", "TOKEN_OF_LAB",
    ],
)  # fmt: skip
def test_names_of_secrets_and_of_other_things(name):
    assert naming(name.encode()) is Naming.MAYBE
