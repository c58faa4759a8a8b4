"""What partners send and scan: labels, CSV manifests, and safe CSV exports.

This room turns bytes from outside into plain values, or says row by row what is wrong and what
to do. It knows nothing of operations, the journal or the database: whoever calls it decides what
to announce. Contact data is kept apart from parcel data, and neither problems nor errors ever
repeat a name, a phone number, an e-mail or the raw text of a scan.
"""

from .csv_export import write_csv, write_problems_csv
from .csv_manifest import ManifestReading, read_manifest
from .label import Label, LabelKind, LabelScheme, Malformed, ScanHints, parse_label
from .manifest_row import ManifestContact, ManifestParcel, ManifestRow, ProblemCode, RowProblem

__all__ = [
    "Label",
    "LabelKind",
    "LabelScheme",
    "Malformed",
    "ManifestContact",
    "ManifestParcel",
    "ManifestReading",
    "ManifestRow",
    "ProblemCode",
    "RowProblem",
    "ScanHints",
    "parse_label",
    "read_manifest",
    "write_csv",
    "write_problems_csv",
]
