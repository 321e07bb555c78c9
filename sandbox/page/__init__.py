"""The chat page: a small chat client in the browser, for looking at the sandbox as any of its members."""
