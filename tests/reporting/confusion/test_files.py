"""A confusion matrix as CSV."""

from __future__ import annotations

import csv
import io

from mnistkit.reporting.confusion.files import to_csv
from tests.support.results import FASHION, confusion_result


def test_csv_reads_back():
    result = confusion_result(FASHION)
    rows = list(csv.reader(io.StringIO(to_csv(result))))
    assert rows[0] == ["true\\predicted", *FASHION]
    assert [[int(cell) for cell in row[1:]] for row in rows[1:]] == result.values.tolist()
    blank = list(csv.reader(io.StringIO(to_csv(confusion_result(FASHION, errors_only=True)))))
    assert [blank[1 + i][1 + i] for i in range(4)] == [""] * 4
