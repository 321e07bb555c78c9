"""`python -m tests.e2e.fault_runs`: the campaign of 200 runs, with its figures."""

if __name__ == "__main__":
    # Only here: the processes that play the runs import this module too.
    from tests.e2e.fault_runs.campaign import main

    raise SystemExit(main())
