"""What a descriptor tells people. Its types and its name were checked when it was made."""

from __future__ import annotations

from restore.testing.check import CheckFailed, check, require
from restore.testing.subject import Subject


@check("it says in a line what it is")
def summary_is_there(subject: Subject) -> None:
    """Look for the text."""
    require(
        subject.spec.summary.strip(),
        expected="a summary, the line of restore list",
        found="none",
        cure=f'{type(subject.spec).__name__}(..., summary="What it is, in a few words")',
    )


@check("its licence is an SPDX expression")
def licence_is_known(subject: Subject) -> None:
    """Parse the licence."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    licence = subject.spec.licence
    expected = "the SPDX expression of the code's licence"
    cure = 'licence="MIT", "Apache-2.0", "GPL-3.0-or-later" ...; "LicenseRef-Proprietary" for terms of your own'
    require(licence.strip(), expected=expected, found="none", cure=cure)
    try:
        canonical = canonicalize_license_expression(licence)
    except InvalidLicenseExpression as error:
        raise CheckFailed(expected, f"{licence!r}, which is none", cure) from error
    require(canonical == licence, expected=expected, found=f"{licence!r}", cure=f'write it so: licence="{canonical}"')
