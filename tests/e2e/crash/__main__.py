"""`python -m tests.e2e.crash [--tickets|--summaries|--aside]`: the campaign of 100 runs, with its figures."""

if __name__ == "__main__":
    # Only here: every forked bot imports this module too, and must not have read its environment yet.
    from tests.e2e.crash.campaign import main

    raise SystemExit(main())
