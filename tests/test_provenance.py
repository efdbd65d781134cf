"""Where a distribution comes from, by the record of PEP 610 that installers write."""

from __future__ import annotations

import json

import pytest

from restore.provenance import provenance

COMMIT = "7921be1537eac1e97bc40179a57f0349c2aee67d"
RECORDS = {
    None: ("index", "index"),
    json.dumps({"url": "file:///home/me/x", "dir_info": {"editable": True}}): ("editable", "editable file:///home/me/x"),
    json.dumps({"url": "file:///home/me/x", "dir_info": {}}): ("directory", "directory file:///home/me/x"),
    json.dumps({"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}): (
        "git", "git https://host/x.git @ 7921be1537ea",
    ),
    json.dumps({"url": "https://host/x.whl", "archive_info": {"hashes": {}}}): ("archive", "archive https://host/x.whl"),
    "{": ("unknown", "unknown"),
    "[]": ("unknown", "unknown"),
    json.dumps({"url": "file:///x", "dir_info": None}): ("unknown", "unknown"),
    json.dumps({"dir_info": {}}): ("unknown", "unknown"),
}  # fmt: skip


@pytest.mark.parametrize(("record", "expected"), RECORDS.items())
def test_origin(site, record, expected):
    site.install("restore-good", "", direct_url=record)
    found = provenance("restore-good")
    assert (found.origin, str(found)) == expected
    assert (found.version, found.location) == ("1.0", str(site.folder))


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ("License-Expression: MIT\nLicense: other\n", "MIT"),
        ("License: BSD\n        and all of its text\n", "BSD"),
        ("", ""),
    ],
)
def test_licence(site, lines, licence):
    site.install("restore-good", "", metadata=f"Metadata-Version: 2.4\nName: restore-good\nVersion: 1.0\n{lines}")
    assert provenance("restore-good").licence == licence


@pytest.mark.parametrize("name", ["restore-absent", "", "?"])
def test_what_is_not_installed_is_unknown(name):
    assert provenance(name).origin == "unknown"
