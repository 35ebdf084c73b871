"""Commits: since when the log takes nothing, also where it does not even say so."""

from hub.services.commits import Commits


def test_a_log_fails_from_its_first_failure_until_it_takes_something() -> None:
    """What was refused in between does not begin it anew."""
    commits = Commits()
    for began_s in (1.0, 3.0):
        commits.begun(began_s)
        commits.failed(began_s)

    failing_s = commits.failing_s(6.0)
    commits.begun(7.0)
    commits.done(1, 7.0, 7.5)

    assert (failing_s, commits.failing_s(8.0), commits.failures) == (5.0, 0.0, 2)


def test_a_disk_that_hangs_fails_too() -> None:
    """It neither takes nor refuses what it was given."""
    commits = Commits()

    commits.begun(1.0)

    assert commits.failing_s(9.0) == 8.0


def test_a_log_that_can_be_written_again_fails_no_longer() -> None:
    """Although nobody has written since."""
    commits = Commits()
    commits.begun(1.0)
    commits.failed(1.0)

    commits.works()

    assert commits.failing_s(9.0) == 0.0
