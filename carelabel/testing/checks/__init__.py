"""The checks, one file a kind of record. A new check is a function and a line in its file's ``CHECKS``."""

from carelabel.testing.checks import backend, converter, meter, metric, plugin, record, test

CHECKS = (
    *plugin.CHECKS,
    *record.CHECKS,
    *backend.CHECKS,
    *converter.CHECKS,
    *metric.CHECKS,
    *test.CHECKS,
    *meter.CHECKS,
)

__all__ = ["CHECKS"]
