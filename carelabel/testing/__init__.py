"""The conformance kit for plugin authors.

In a plugin's own tests, where each check is a test of its own::

    from carelabel.testing import parametrize_with_checks


    @parametrize_with_checks("acme", expected_failed={"acme.hamming-loss:metric-perfect": "best at 0.5 by definition"})
    def test_conforms(check):
        check()

On the command line the same checks are ``carelabel plugins check acme``, which calls `check_plugin`. What a record
declares selects the checks: a metric is computed on small known inputs, a test runs on a small model, a backend is
shown a file that is not its own. Every check has a sentence that says what must hold.
"""

from carelabel.testing.conformance import check_plugin, parametrize_with_checks
from carelabel.testing.result import CheckFailedError, CheckResult, CheckSkipped

__all__ = ["CheckFailedError", "CheckResult", "CheckSkipped", "check_plugin", "parametrize_with_checks"]
